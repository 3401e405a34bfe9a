import { inter, key } from "../media/packets.ts";
import type { MediaPacket } from "../../../src/stream/packet.ts";
import type { MemoryOrigin } from "../memory/memory_origin.ts";
import { PullRig } from "./pull_rig.ts";

export const A = "10.0.0.1:1935";
export const B = "10.0.0.2:1935";

/** Frames `from` to `to` of one stream: a keyframe every ten, one frame every 40 ms. */
export function frames(from: number, to: number): MediaPacket[] {
  return Array.from({ length: to - from }, (_, i) => from + i).map((n) =>
    n % 10 === 0 ? key(n, n * 40) : inter(n, n * 40)
  );
}

export function labels(from: number, to: number): string[] {
  return frames(from, to).map((_, i) => `${(from + i) % 10 === 0 ? "K" : "I"}${from + i}`);
}

/** Plays frames to whoever comes, from the newest keyframe on, as a server with a GOP cache does. */
export class Broadcast {
  readonly origins: MemoryOrigin[] = [];
  #next = 0;

  constructor(readonly rig: PullRig, ...addresses: string[]) {
    for (const address of addresses) {
      const origin: MemoryOrigin = rig.origin(address, (client, { kind }) => {
        const from = Math.floor((this.#next - 1) / 10) * 10;
        if (kind === "play" && this.#next > 0) origin.sendTo(client, ...frames(from, this.#next));
      });
      this.origins.push(origin);
    }
  }

  async run(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      for (const origin of this.origins) origin.send(...frames(this.#next, this.#next + 1));
      this.#next++;
      await this.rig.run(40);
    }
  }
}
