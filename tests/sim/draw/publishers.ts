import { Random } from "../random.ts";
import type { PublisherPlan } from "../scenario.ts";
import type { DrawnCluster } from "./drawn_cluster.ts";

/** The encoders of a day. */
export function drawPublishers(seed: number, { origins, dayMs, streams }: DrawnCluster): PublisherPlan[] {
  return streams.flatMap((stream) => {
    const both = Random.of(seed, `publishers of ${stream}`);
    const count = both.percent(25) ? 2 : 1;
    // A main encoder and its backup, or two that know nothing of each other.
    const source = count === 2 && both.percent(50) ? `source-${stream}` : "";
    const firstOrigin = both.between(1, origins);
    return Array.from({ length: count }, (_, at) => {
      const name = `encoder-${stream}-${at + 1}`;
      const random = Random.of(seed, name);
      const leaves = random.percent(20);
      return {
        name,
        stream,
        // A backup goes to another one.
        origin: source === "" ? random.between(1, origins) : (firstOrigin - 1 + at) % origins + 1,
        home: stream.startsWith("srs-") ? stream.replace("-stream", "") : "",
        reconnect: random.pick(["same", "next"] as const),
        // Who is refused so often costs more than it finds.
        reconnectMs: random.percent(15) ? 200 : random.pick([1000, 3000]),
        backsOff: random.percent(30),
        canReconnect: random.percent(50),
        source,
        startMs: random.between(0, random.percent(30) ? dayMs / 2 | 0 : 2000),
        endMs: leaves ? random.between(dayMs / 2 | 0, dayMs) : null,
        ...drawMedia(Random.of(seed, source === "" ? `media of ${name}` : source), source !== ""),
      };
    });
  });
}

/** What an encoder sends. @param isShared Another one sends the same. */
function drawMedia(random: Random, isShared: boolean) {
  const gopFrames = random.pick([5, 10, 25, 50]);
  const silences = random.percent(15) ? random.between(1, 3) : 0;
  const startBurst = random.percent(15) ? random.between(1, 2 * gopFrames) : 0;
  // Many frames a second cost more than they find.
  const frameMs = Number(random.weighted({ 10: 3, 20: 6, 33: 8, 40: 8, 80: 25, 100: 50 }));
  return {
    frameMs,
    // Sound that comes behind a picture may be some milliseconds older than that.
    audioLagMs: random.percent(40) ? frameMs + random.between(1, 9) : 0,
    gopFrames,
    burst: random.pick(frameMs > 50 ? [1, 1, 2] : [1, 1, 2, 5]),
    hasBFrames: random.percent(40),
    frameBytes: random.pick([20, 60, 300, 2000]),
    // Times of RTMP have 32 bits.
    firstTimestampMs: random.percent(10) ? 2 ** 32 - random.between(1000, 20_000) : random.pick([0, 0, 40, 3_600_000]),
    hasMetadata: random.percent(85),
    startBurst: isShared ? 0 : startBurst,
    headerGops: random.percent(15) ? random.between(1, 4) : 0,
    silences: Array.from({ length: isShared ? 0 : silences }, () => ({
      afterMs: random.between(500, 14_000),
      lastsMs: random.pick([300, 2000, 4000]),
    })),
  };
}
