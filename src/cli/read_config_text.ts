import { describeFileError } from "../base/file_error.ts";

/** Reads a configuration file. @throws {Error} With a reason that is made for a reader. */
export function readConfigText(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    throw new Error(describeFileError(error), { cause: error });
  }
}
