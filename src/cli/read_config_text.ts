/** Reads a configuration file. @throws {Error} With a reason that is made for a reader. */
export function readConfigText(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new Error("there is no such file", { cause: error });
    if (error instanceof Deno.errors.PermissionDenied) throw new Error("not permitted", { cause: error });
    throw error;
  }
}
