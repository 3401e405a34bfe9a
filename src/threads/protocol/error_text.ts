/** An error of Deno as text, for {@link toError}: its class tells what the caller does about it. */
export function errorText(error: unknown): string {
  return error instanceof Error ? `${error.name}\n${error.message}` : `Error\n${String(error)}`;
}

/** The error that {@link errorText} made a text of. */
export function toError(text: string): Error {
  const [name = "", message = ""] = text.split(/\n(.*)/s);
  const known = Object.entries(Deno.errors).find(([each]) => each === name);
  return known === undefined ? new Error(`${name}: ${message}`) : new known[1](message);
}
