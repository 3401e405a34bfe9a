import { systemTimers } from "../../src/base/clock.ts";
import { OriginPool } from "../../src/upstream/origin_pool.ts";
import { assertLess } from "../kit/assert.ts";
import { until } from "../kit/launcher.ts";
import { quantile } from "../kit/fault/gap_table.ts";
import { faultTest, pause } from "../kit/fault/steps.ts";

const STREAMS = 25;
const ROUNDS = 4;
/** A pull goes on for 2 s after its last player (`linger`): then the stream is cold again. */
const COLD_AGAIN_MS = 2500;

faultTest("cold streams", async (step, rig, subject) => {
  const { ports: { rtmpA, rtmpB } } = rig.cluster;
  const origins = [`127.0.0.1:${rtmpB}`, `127.0.0.1:${rtmpA}`];
  const pool = new OriginPool(systemTimers);

  await step("the edge asks the origin that has not got the stream, and is redirected", async () => {
    const streams = Array.from({ length: STREAMS }, (_, i) => `cold${i}`);
    for (const stream of streams) {
      const askedFirst = pool.order(origins.map((text) => ({ text })), `/live/${stream}`)[0]?.text;
      rig.publish([askedFirst === origins[0] ? "rtmpA" : "rtmpB"], {}, stream);
    }
    await pause(2000);
    const waitsMs: number[] = [];
    const flaws: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      for (const stream of streams) {
        const [player] = rig.play("edge", 1, "player", stream);
        await until(() => player!.firstFrameMs.length > 0, 10_000, () => `${stream}; ${rig.cluster.logs}`);
        waitsMs.push(player!.firstFrameMs[0]!);
        flaws.push(...player!.flaws);
        rig.leave([player!]);
      }
      await pause(COLD_AGAIN_MS);
    }
    rig.note("cold first frame, edge + redirect", waitsMs);
    if (subject.isOurs) assertLess(quantile(waitsMs, 0.99), 150);
    return flaws;
  });
});
