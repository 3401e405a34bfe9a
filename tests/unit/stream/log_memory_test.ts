import { run } from "../../kit/launcher.ts";
import { assertEquals } from "../../kit/assert.ts";

const here = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);

/** Sends a log's blocks through its owner and players, and tells whether more are held than are in use. */
const program = `
  import { PacketLog } from ${here("../../../src/stream/packet_log.ts")};
  import { PlayCursor } from ${here("../../../src/stream/play_cursor.ts")};
  import { rtmpWireFormat } from ${here("../../../src/stream/wire_format.ts")};
  const log = new PacketLog(rtmpWireFormat(60000));
  const headers = { packets: [], isInUse: false };
  const player = new PlayCursor(log, () => headers, true);
  const stop = log.tail.subscribe(() => {});
  const blocks = [];
  for (let i = 0; i < 100; i++) {
    if (i === 50) stop();
    log.startGop(headers);
    log.append({ kind: "video", timestampMs: i, payload: new Uint8Array(300000) });
    log.flush();
    log.tail.tell();
    while (player.next() !== null);
    blocks.push(new WeakRef(log.head.block));
    if (i % 10 === 9) log.endRun();
  }
  await new Promise((resolve) => setTimeout(resolve, 10));
  gc();
  const held = new Set(blocks.map((block) => block.deref()).filter((block) => block !== undefined));
  console.log(held.size <= 2 ? "freed" : "held");
  player.next();
  log.flush();
`;

Deno.test("a log holds no blocks that nobody is to be sent any more", async () => {
  const command = [Deno.execPath(), "eval", "--v8-flags=--expose-gc", "--no-check", program];
  assertEquals(await run(command, 20_000), { code: 0, output: "freed\n" });
});
