import { RequestDenied } from "../../../../src/base/errors.ts";
import type { Claim } from "../../../../src/cluster/directory.ts";
import { DEAD_AFTER_MS } from "../../../../src/cluster/mesh/rivals.ts";
import { type Claimant, type ConflictPolicy, Publishers } from "../../../../src/server/publish/publishers.ts";
import { assertEquals, assertThrows } from "../../../kit/assert.ts";

/** A publisher that notes what it is told. */
class Encoder implements Claimant {
  readonly sinceMs = 1000;
  silent = 0;
  readonly heard: string[] = [];

  constructor(readonly clientKey: string) {}

  silentMs(): number {
    return this.silent;
  }

  onRaised(epoch: number): void {
    this.heard.push(`raised to ${epoch}`);
  }

  onLost(reason: string): void {
    this.heard.push(reason);
  }

  onPromoted(): void {
    this.heard.push("promoted");
  }
}

/** A claim that tells whether it is given up. */
class NotedClaim implements Claim {
  readonly epoch = 1;
  announced = 0;
  isOver = false;

  announce(): void {
    this.announced++;
  }

  [Symbol.dispose](): void {
    this.isOver = true;
  }
}

/** Lets a publisher come, as far as it gets. */
function come(publishers: Publishers, encoder: Encoder, policy: ConflictPolicy, claim = new NotedClaim()) {
  const place = publishers.judge("k", encoder, policy);
  if (place === "active") publishers.take("k", encoder, claim);
  else publishers.standBy("k", encoder);
  return place;
}

function pair(policy: ConflictPolicy, facts: { sameClient?: boolean; silentMs?: number } = {}) {
  const publishers = new Publishers();
  const first = new Encoder("a");
  const second = new Encoder(facts.sameClient ? "a" : "b");
  const claim = new NotedClaim();
  assertEquals(come(publishers, first, policy, claim), "active");
  first.silent = facts.silentMs ?? 0;
  return { publishers, first, second, claim, comes: () => come(publishers, second, policy) };
}

Deno.test("Publishers keeps the first publisher under reject", () => {
  const { publishers, first, comes } = pair("reject");
  assertThrows(comes, RequestDenied, "already has a publisher");
  assertEquals([publishers.active("k") === first, publishers.count, first.heard], [true, 1, []]);
});

Deno.test("Publishers gives the stream to the newest one under takeover; the other one is told", () => {
  const { publishers, first, second, claim, comes } = pair("takeover");
  assertEquals([comes(), claim.isOver], ["active", true]);
  assertEquals(publishers.active("k"), second);
  assertEquals(first.heard.length, 1);
  // The one that lost leaves later: that changes nothing.
  publishers.release("k", first);
  assertEquals(publishers.active("k"), second);
});

Deno.test("Publishers lets the same client come back under reject, once its old connection is dead", () => {
  const { publishers, first, second, comes } = pair("reject", { sameClient: true, silentMs: DEAD_AFTER_MS });
  assertEquals(comes(), "active");
  assertEquals([publishers.active("k") === second, first.heard.length], [true, 1]);
  assertThrows(pair("reject", { sameClient: true, silentMs: DEAD_AFTER_MS - 1 }).comes, RequestDenied);
  assertThrows(pair("reject", { silentMs: DEAD_AFTER_MS }).comes, RequestDenied);
});

Deno.test("Publishers promotes those that stand by in the order in which they came", () => {
  const { publishers, first, second, claim, comes } = pair("standby");
  assertEquals(comes(), "standby");
  const third = new Encoder("c");
  const fourth = new Encoder("d");
  assertEquals([third, fourth].map((each) => come(publishers, each, "standby")), ["standby", "standby"]);
  publishers.release("k", third);
  publishers.release("k", first);
  assertEquals([publishers.active("k") === second, second.heard], [true, ["promoted"]]);
  publishers.release("k", second);
  assertEquals([publishers.active("k") === fourth, third.heard, fourth.heard], [true, [], ["promoted"]]);
  assertEquals(claim.isOver, false);
  publishers.release("k", fourth);
  // Whoever publishes it, it stayed this server's until then.
  assertEquals([publishers.active("k"), publishers.count, claim.isOver], [null, 0, true]);
});

Deno.test("Publishers loses a stream to another server with all that stand by", () => {
  const { publishers, first, second, claim, comes } = pair("standby");
  comes();
  publishers.announce("k");
  publishers.lose("k", "gone");
  assertEquals([publishers.active("k"), first.heard, second.heard], [null, ["gone"], ["gone"]]);
  assertEquals([claim.announced, claim.isOver], [1, true]);
  publishers.lose("k", "gone");
  publishers.announce("k");
  assertEquals(publishers.standBy("k", second), false);
  assertEquals(first.heard.length, 1);
});

Deno.test("Publishers tells the one that publishes of a higher epoch, and nobody of one that is not published", () => {
  const publishers = new Publishers();
  const [first, second] = [new Encoder("a"), new Encoder("b")];
  come(publishers, first, "standby");
  come(publishers, second, "standby");
  publishers.raise("k", 7);
  publishers.raise("other", 8);
  assertEquals([first.heard, second.heard], [["raised to 7"], []]);
});
