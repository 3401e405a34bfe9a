import { Acceptor, isPeerGone } from "../../../src/net/acceptor.ts";
import { assert, assertEquals, assertRejects } from "../../kit/assert.ts";
import { ManualTimers, turn } from "../../kit/memory/manual_timers.ts";

function withCode(code: string): Error {
  return Object.assign(new Error(code), { code });
}

const { errors } = Deno;

const table: readonly [error: unknown, isPeers: boolean][] = [
  [new errors.NotConnected("Transport endpoint is not connected (os error 107)"), true],
  [new errors.ConnectionReset(), true],
  [new errors.ConnectionAborted(), true],
  [withCode("EPROTO"), true],
  [withCode("EHOSTUNREACH"), true],
  [withCode("EMFILE"), false],
  [withCode("ENFILE"), false],
  [withCode("ENOBUFS"), false],
  [new Error("Too many open files (os error 24)"), false],
  [new errors.BadResource("Listener has been closed"), false],
  ["a text", false],
];

for (const [error, isPeers] of table) {
  Deno.test(`isPeerGone(${error instanceof Error ? `${error.name} ${error.message}` : error}) is ${isPeers}`, () => {
    assertEquals(isPeerGone(error), isPeers);
  });
}

Deno.test("Acceptor.next() passes over peers that are gone, and throws what is wrong with the socket", async () => {
  const outcomes = [new errors.NotConnected(), new errors.ConnectionReset(), 1, new errors.NotConnected(), 2];
  const acceptor = new Acceptor<number>(() => {
    const outcome = outcomes.shift() ?? new errors.BadResource();
    return typeof outcome === "number" ? Promise.resolve(outcome) : Promise.reject(outcome);
  });
  assertEquals([await acceptor.next(), await acceptor.next()], [1, 2]);
  await assertRejects(() => acceptor.next(), errors.BadResource);
});

for (const outcome of ["gone", "there"]) {
  Deno.test(`Acceptor leaves the event loop its turns in a flood of peers that are ${outcome}`, async () => {
    let accepts = 0;
    let acceptsAtTimer = 0;
    setTimeout(() => acceptsAtTimer = accepts, 0);
    const acceptor = new Acceptor<number>(() => {
      accepts++;
      if (acceptsAtTimer > 0 || accepts === 1_000_000) return Promise.reject(new errors.BadResource());
      return outcome === "gone" ? Promise.reject(new errors.NotConnected()) : Promise.resolve(1);
    });
    await assertRejects(async () => {
      while (true) await acceptor.next();
    }, errors.BadResource);
    assert(accepts < 1_000_000, "the timer had no turn");
  });
}

Deno.test("Acceptor makes its pauses by the clock that it is given", async () => {
  const timers = new ManualTimers();
  const acceptor = new Acceptor<number>(() => Promise.resolve(1), timers);
  let accepts = 0;
  const all = (async () => {
    while (accepts < 100) accepts += await acceptor.next();
  })();
  await turn();
  const before = accepts;
  assertEquals([before < 100, timers.pendingCount], [true, 1]);
  timers.advance(0);
  await all;
  assertEquals(accepts, 100);
});
