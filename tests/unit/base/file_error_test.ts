import { assertEquals } from "../../kit/assert.ts";
import { describeFileError } from "../../../src/base/file_error.ts";

/** What goes wrong with a file of this machine. */
function failureOf(action: () => unknown): unknown {
  try {
    return action();
  } catch (error) {
    return error;
  }
}

Deno.test("describeFileError leaves out Deno's names of calls and error numbers", () => {
  const directory = Deno.makeTempDirSync();
  try {
    const cases: [unknown, string][] = [
      [failureOf(() => Deno.readTextFileSync(`${directory}/none`)), "no such file or directory"],
      [failureOf(() => Deno.readTextFileSync(directory)), "is a directory"],
      [failureOf(() => Deno.writeTextFileSync(`${directory}/none/x`, "")), "no such file or directory"],
      [failureOf(() => Deno.mkdirSync(`${directory}/none/x`)), "no such file or directory"],
      [new Error("the file has a byte order mark"), "the file has a byte order mark"],
      ["thrown as a text", "thrown as a text"],
    ];
    for (const [error, words] of cases) assertEquals(describeFileError(error), words);
  } finally {
    Deno.removeSync(directory);
  }
});
