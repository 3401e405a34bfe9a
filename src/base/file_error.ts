/** Why a file cannot be read or written, in the system's words: without Deno's names of calls and error numbers. */
export function describeFileError(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const [words = "", ...rest] = text.split(" (os error ");
  return rest.length === 0 ? text : `${words.charAt(0).toLowerCase()}${words.slice(1)}`;
}
