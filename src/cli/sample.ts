import type { MediaFile } from "./push/file.ts";

/**
 * The clip that is sent when no other is given: a file beside this module, inside a compiled program too. There it can
 * be read as a whole only.
 */
export function sampleFile(): MediaFile {
  return {
    name: "the sample",
    async *read() {
      yield await Deno.readFile(new URL("./sample.flv", import.meta.url));
    },
  };
}
