import { Random } from "../random.ts";
import type { SrsPlan } from "../scenario.ts";

/** SRS servers among the coworkers; on most days none. */
export function drawSrs(seed: number, dayMs: number): SrsPlan[] {
  const day = Random.of(seed, "srs");
  return Array.from({ length: day.pick([0, 0, 0, 0, 0, 0, 0, 1, 1, 2]) }, (_, at) => {
    const name = `srs-${at + 1}`;
    const random = Random.of(seed, name);
    const moods: SrsPlan["moods"][number][] = [];
    for (let atMs = random.between(0, dayMs); atMs < dayMs - 500; atMs += random.between(0, dayMs)) {
      const mood = random.pick(["lies", "slow", "hangs", "garbled"] as const);
      const lastsMs = random.between(100, Math.min(10_000, dayMs - atMs));
      moods.push({ mood, atMs, lastsMs });
      atMs += lastsMs;
    }
    return { name, moods };
  });
}
