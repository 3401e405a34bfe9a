import { SrsError } from "../../src/base/errors.ts";
import { FlvResponse } from "../../src/upstream/client/flv_response.ts";
import { assertEquals, assertGreater } from "../kit/assert.ts";
import { flvBytes, inChunks } from "../kit/server/fake_flv_origin.ts";
import { concatBytes } from "../../src/base/bytes.ts";
import { cut } from "../kit/media/splits.ts";
import { mutate, Prng } from "../kit/media/mutate.ts";

const text = (value: string) => new TextEncoder().encode(value);
const flv = flvBytes(6);
const answers = [
  concatBytes(text("HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nServer: x\r\n\r\n"), flv),
  concatBytes(text("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), inChunks(flv, 100), text("0\r\n\r\n")),
  concatBytes(text(`HTTP/1.1 200 OK\r\nContent-Length: ${flv.length}\r\n\r\n`), flv),
];

/** What is made of an answer: its tags, or the place where it breaks. */
function read(parts: Uint8Array[]): string {
  const seen: string[] = [];
  const response = new FlvResponse({
    onHead: ({ status, body }) => {
      seen.push(`${status} ${body}`);
      return status <= 200;
    },
    onTag: ({ type, timestampMs, payload }) => seen.push(`${type}@${timestampMs}/${payload.length}`),
    onComplete: () => seen.push("complete"),
  });
  try {
    for (const part of parts) response.push(part);
    response.end();
  } catch (error) {
    if (!(error instanceof SrsError)) throw error;
    seen.push("broken");
  }
  return seen.join(" ");
}

Deno.test("answers, damaged and cut anywhere, are read or refused, and read the same however they are cut", () => {
  const prng = new Prng(77);
  let complete = 0;
  for (let round = 0; round < 4000; round++) {
    const wire = mutate(prng.pick(answers), prng);
    const whole = read([wire]);
    assertEquals(read(cut(wire, 1 + prng.below(6))), whole);
    if (whole.endsWith("complete")) complete++;
  }
  assertGreater(complete, 100);
});
