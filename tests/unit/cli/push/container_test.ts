import { assertEquals } from "../../../kit/assert.ts";
import { recognizeContainer } from "../../../../src/cli/push/container.ts";
import { fileAt } from "../../../../src/cli/push/file.ts";
import { sampleFile } from "../../../../src/cli/sample.ts";

const latin = (text: string) => Uint8Array.from(text, (each) => each.charCodeAt(0));
const packets = new Uint8Array(400);
packets[0] = packets[188] = 0x47;

const files: [what: string, bytes: Uint8Array, name: string | null][] = [
  ["MP4", latin("\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41"), "an MP4 file"],
  ["Matroska", latin("\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01"), "a Matroska or WebM file"],
  ["MPEG-TS", packets, "an MPEG-TS file"],
  ["one byte of MPEG-TS", packets.subarray(0, 100), null],
  ["AVI", latin("RIFF\0\0\0\0AVI LIST"), "an AVI file"],
  ["FLV", latin("FLV\x01\x05\0\0\0\x09\0\0\0\0"), null],
  ["text", latin("<html></html>"), null],
  ["nothing", new Uint8Array(0), null],
];

for (const [what, bytes, name] of files) {
  for (const pieceBytes of [1, 7, 4096]) {
    Deno.test(`recognizeContainer knows ${what} in pieces of ${pieceBytes} bytes`, async () => {
      const file = {
        name: what,
        async *read() {
          for (let at = 0; at < bytes.length; at += pieceBytes) {
            yield await Promise.resolve(bytes.slice(at, at + pieceBytes));
          }
        },
      };
      assertEquals(await recognizeContainer(file), name);
    });
  }
}

Deno.test("recognizeContainer leaves the sample and what cannot be read to those who read it", async () => {
  assertEquals(await recognizeContainer(sampleFile()), null);
  assertEquals(await recognizeContainer(fileAt("/no/such.mp4")), null);
});
