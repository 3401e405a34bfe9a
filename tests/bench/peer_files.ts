/** True when there is something at that path. */
export function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Why the program that an environment variable should name is not there; null when it is. */
export function missingProgram(variable: string, what: string): string | null {
  const path = Deno.env.get(variable);
  if (path === undefined) return `set ${variable} to ${what}`;
  return exists(path) ? null : `${variable}: there is no ${path}`;
}
