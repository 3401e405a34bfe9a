import type { MediaPacket } from "../../../src/stream/packet.ts";
import { assert, assertEquals, assertGreater } from "../assert.ts";
import type { Prng } from "./mutate.ts";
import { audio, audioHeader, inter, key, videoHeader } from "./packets.ts";

/** What the publisher sent, in order: each packet's label, and the headers in force before it. */
export interface Sent {
  label: string;
  headers: string[];
}

/** A publisher of random packets with unique numbers; the first is a keyframe. */
export class RandomPublisher {
  readonly sent: Sent[] = [];
  readonly #prng: Prng;
  readonly #bigBytes: number;
  #id = 0;
  #timeMs = 0;
  #audioHeader = "";
  #videoHeader = "";

  /** @param bigBytes Bound of the frames that are larger than others. */
  constructor(prng: Prng, bigBytes = 400_000) {
    this.#prng = prng;
    this.#bigBytes = bigBytes;
  }

  next(): MediaPacket {
    const id = ++this.#id;
    this.#timeMs += this.#prng.below(60);
    // Blocks of the log have 64 KiB and more: some frames need one of their own.
    const bytes = this.#prng.below(40) === 0 ? this.#prng.below(this.#bigBytes) : this.#prng.below(6000);
    const choice = this.#id === 1 ? 0 : this.#prng.below(40);
    if (choice === 39) return this.#header(`VH${id}`, videoHeader(id));
    if (choice === 38) return this.#header(`AH${id}`, audioHeader(id));
    if (choice < 2) return this.#frame(`K${id}`, key(id, this.#timeMs, bytes));
    return choice < 20
      ? this.#frame(`I${id}`, inter(id, this.#timeMs, bytes))
      : this.#frame(`A${id}`, audio(id, this.#timeMs, bytes));
  }

  #frame(label: string, packet: MediaPacket): MediaPacket {
    this.sent.push({ label, headers: [this.#audioHeader, this.#videoHeader].filter((text) => text !== "") });
    return packet;
  }

  #header(label: string, packet: MediaPacket): MediaPacket {
    this.#frame(label, packet);
    if (packet.kind === "audio") this.#audioHeader = label;
    else this.#videoHeader = label;
    return packet;
  }
}

/**
 * Splits what a player received into runs. Each begins with the headers in force and a keyframe; inside, nothing is
 * missing and nothing comes twice. Returns the number of runs.
 */
export function checkRuns(received: string[], sent: Sent[], name: string): number {
  const places = new Map(sent.map(({ label }, i) => [label, i]));
  let runs = 0;
  let last = -1;
  for (let at = 0; at < received.length;) {
    if (received[at] === sent[last + 1]?.label) {
      last++;
      at++;
      continue;
    }
    const keyAt = received.findIndex((label, i) => i >= at && label.startsWith("K"));
    assert(keyAt >= 0, `${name}: ${received[at]} begins no run`);
    const place = places.get(received[keyAt]!)!;
    assertGreater(place, last, `${name}: ${received[keyAt]} came before`);
    const { headers } = sent[place]!;
    const from = keyAt - headers.length;
    // The first header may look like a continuation, when it is also what came next.
    assert(from <= at, `${name}: ${received[at]} begins no run`);
    assertEquals(received.slice(from, keyAt), headers, `${name}: headers before ${received[keyAt]}`);
    runs++;
    last = place;
    at = keyAt + 1;
  }
  return runs;
}
