import { LiveSource } from "../../../src/stream/live_source.ts";
import type { MediaPacket } from "../../../src/stream/packet.ts";
import { assert, assertEquals, assertGreater } from "../../assert.ts";
import { Prng } from "../../fuzz/mutate.ts";
import { ManualTimers } from "../manual_timers.ts";
import { audio, audioHeader, inter, key, sourceOptions, videoHeader } from "./packets.ts";
import { TestPlayer } from "./test_player.ts";

/** What the publisher sent, in order: each packet's label, and the headers in force before it. */
interface Sent {
  label: string;
  headers: string[];
}

/** A publisher of random packets with unique numbers; the first is a keyframe. */
class RandomPublisher {
  readonly sent: Sent[] = [];
  readonly #prng: Prng;
  #id = 0;
  #timeMs = 0;
  #audioHeader = "";
  #videoHeader = "";

  constructor(prng: Prng) {
    this.#prng = prng;
  }

  next(): MediaPacket {
    const id = ++this.#id;
    this.#timeMs += this.#prng.below(60);
    const bytes = this.#prng.below(20) === 0 ? this.#prng.below(600_000) : this.#prng.below(8000);
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
function checkRuns(received: string[], sent: Sent[], name: string): number {
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

Deno.test("LiveSource delivers contiguous runs from a keyframe, headers first, for any schedule of players", () => {
  let totalRuns = 0;
  let totalPlayers = 0;
  for (let seed = 1; seed <= 60; seed++) {
    const prng = new Prng(seed);
    const timers = new ManualTimers();
    const source = new LiveSource("/live/a", { ...sourceOptions, mwLatencyMs: 50 + prng.below(400) }, timers, () => {});
    const publisher = new RandomPublisher(prng);
    const session = source.startPublish("client");
    session.publish(publisher.next());
    const players: TestPlayer[] = [];
    const received = new Map<TestPlayer, string[]>();
    for (let step = 0; step < 400; step++) {
      session.publish(publisher.next());
      timers.advance(prng.below(60));
      if (prng.below(30) === 0) {
        const player = new TestPlayer(source);
        players.push(player);
        received.set(player, []);
      }
      for (const player of players) {
        if (prng.below(15) === 0) player.stalled = !player.stalled;
        if (prng.below(25) === 0) player.cursor.jumpToKeyframe();
        if (prng.below(25) === 0) player.cursor.skipToNewerKeyframe();
        if (prng.below(4) === 0) player.read();
        received.get(player)?.push(...player.take());
      }
    }
    for (const player of players) {
      player.stalled = false;
      player.read();
      received.get(player)?.push(...player.take());
    }
    session[Symbol.dispose]();
    for (const [player, labels] of received) {
      labels.push(...player.take());
      totalRuns += checkRuns(labels, publisher.sent, `seed ${seed}`);
      totalPlayers++;
    }
  }
  assertGreater(totalRuns, totalPlayers * 2, "players must have jumped");
});
