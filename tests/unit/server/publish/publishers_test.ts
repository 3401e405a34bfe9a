import { RequestDenied } from "../../../../src/base/errors.ts";
import { type ConflictPolicy, DEAD_AFTER_MS } from "../../../../src/cluster/rivals.ts";
import { type Claimant, Publishers } from "../../../../src/server/publish/publishers.ts";
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

  onLost(reason: string): void {
    this.heard.push(reason);
  }

  onPromoted(): void {
    this.heard.push("promoted");
  }
}

function pair(policy: ConflictPolicy, facts: { sameClient?: boolean; silentMs?: number } = {}) {
  const publishers = new Publishers();
  const first = new Encoder("a");
  const second = new Encoder(facts.sameClient ? "a" : "b");
  assertEquals(publishers.claim("k", first, policy), "active");
  first.silent = facts.silentMs ?? 0;
  return { publishers, first, second, claim: () => publishers.claim("k", second, policy) };
}

Deno.test("Publishers keeps the first publisher under reject", () => {
  const { publishers, first, claim } = pair("reject");
  assertThrows(claim, RequestDenied, "already has a publisher");
  assertEquals([publishers.active("k") === first, publishers.count, first.heard], [true, 1, []]);
});

Deno.test("Publishers gives the stream to the newest one under takeover; the other one is told", () => {
  const { publishers, first, second, claim } = pair("takeover");
  assertEquals(claim(), "active");
  assertEquals(publishers.active("k"), second);
  assertEquals(first.heard.length, 1);
  // The one that lost leaves later: that changes nothing.
  publishers.release("k", first);
  assertEquals(publishers.active("k"), second);
});

Deno.test("Publishers lets the same client come back under reject, once its old connection is dead", () => {
  const { publishers, first, second, claim } = pair("reject", { sameClient: true, silentMs: DEAD_AFTER_MS });
  assertEquals(claim(), "active");
  assertEquals([publishers.active("k") === second, first.heard.length], [true, 1]);
  assertThrows(pair("reject", { sameClient: true, silentMs: DEAD_AFTER_MS - 1 }).claim, RequestDenied);
  assertThrows(pair("reject", { silentMs: DEAD_AFTER_MS }).claim, RequestDenied);
});

Deno.test("Publishers promotes those that stand by in the order in which they came", () => {
  const { publishers, first, second, claim } = pair("standby");
  assertEquals(claim(), "standby");
  const third = new Encoder("c");
  const fourth = new Encoder("d");
  assertEquals([third, fourth].map((each) => publishers.claim("k", each, "standby")), ["standby", "standby"]);
  publishers.release("k", third);
  publishers.release("k", first);
  assertEquals([publishers.active("k") === second, second.heard], [true, ["promoted"]]);
  publishers.release("k", second);
  assertEquals([publishers.active("k") === fourth, third.heard, fourth.heard], [true, [], ["promoted"]]);
  publishers.release("k", fourth);
  assertEquals([publishers.active("k"), publishers.count], [null, 0]);
});

Deno.test("Publishers yields to a rival at another origin, with all that stand by, or keeps the stream", () => {
  const { publishers, first, second, claim } = pair("standby");
  claim();
  const options = { policy: "takeover" as const, instance: "m" };
  const older = { sinceMs: 999, silentMs: 0, instance: "x" };
  assertEquals([publishers.yieldTo("k", older, options), publishers.active("k") === first], [false, true]);
  assertEquals(publishers.yieldTo("k", { ...older, sinceMs: 1001 }, options), true);
  assertEquals([publishers.active("k"), first.heard.length, second.heard.length], [null, 1, 1]);
  assertEquals(publishers.yieldTo("k", older, options), false);
});
