import { concatBytes } from "../../src/base/bytes.ts";
import { encodeFrame, FrameType } from "../../src/http2/frame.ts";
import { H2Error } from "../../src/http2/h2_error.ts";
import { H2Session } from "../../src/http2/session.ts";
import { MAX_STREAMS } from "../../src/http2/settings.ts";
import { assert, assertGreater } from "../kit/assert.ts";
import { h2Number, h2Preface, h2Request } from "../kit/peers/h2_frames.ts";
import { mutate, Prng } from "../kit/media/mutate.ts";
import { cut } from "../kit/media/splits.ts";

const control = /[^ -~\x80-\uffff]/;

/** Frames of all kinds, most of them sensible. */
function conversation(prng: Prng): Uint8Array {
  const frames = Array.from({ length: 1 + prng.below(12) }, (_, i) => {
    const id = 1 + 2 * prng.below(8);
    if (i === 0) return h2Request(1, "/live/a.flv");
    return prng.pick([
      h2Request(2 * i + 1, "/live/a.m3u8?_HLS_msn=1", [["range", "bytes=0-"], ["cookie", "a=b"]]),
      encodeFrame(FrameType.Data, prng.below(2), id, new Uint8Array(prng.below(100))),
      encodeFrame(FrameType.RstStream, 0, id, h2Number(8)),
      encodeFrame(FrameType.WindowUpdate, 0, prng.below(3) * id, h2Number(1 + prng.below(100_000))),
      encodeFrame(
        FrameType.Settings,
        0,
        0,
        concatBytes(Uint8Array.of(0, 1 + prng.below(6)), h2Number(prng.below(70_000))),
      ),
      encodeFrame(FrameType.Ping, prng.below(2), 0, new Uint8Array(8)),
      encodeFrame(FrameType.Continuation, 4, id, new Uint8Array(prng.below(10))),
      encodeFrame(prng.below(256), prng.below(256), id, new Uint8Array(prng.below(50))),
    ]);
  });
  return concatBytes(...frames);
}

Deno.test("whatever comes, a session of HTTP/2 reads it or ends, the same however it is cut", () => {
  const prng = new Prng(62);
  let answered = 0;
  for (let round = 0; round < 4000; round++) {
    const said = conversation(prng);
    const wire = concatBytes(h2Preface(), prng.below(3) === 0 ? said : mutate(said, prng));
    const outcomes = [[wire], cut(wire, 1 + prng.below(6))].map((parts) => {
      const heard: string[] = [];
      const session: H2Session = new H2Session({
        onRequest: (id, head) => {
          heard.push(`${id} ${head?.target}`);
          if (head === null) return true;
          assert(!control.test(head.target) && !control.test(head.host));
          for (const [, value] of head.headers) assert(!/[\0\r\n]/.test(value));
          if (id % 3 === 0) session.respond(id, 200, new Headers({ a: "b" }), id % 2 === 0);
          return true;
        },
        onReset: (id) => heard.push(`reset ${id}`),
        onWindow: () => {},
      });
      try {
        for (const part of parts) session.receive(part);
      } catch (error) {
        if (!(error instanceof H2Error)) throw error;
        heard.push(`ended ${error.code}`);
      }
      assert(session.streamCount <= MAX_STREAMS);
      for (let id = 1; id < 20; id += 2) assert(session.room(id) >= 0);
      return heard.join();
    });
    assert(outcomes[0] === outcomes[1], `${outcomes}`);
    if (/^\d/.test(outcomes[0]!)) answered++;
  }
  assertGreater(answered, 500);
});
