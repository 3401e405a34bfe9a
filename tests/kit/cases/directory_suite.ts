import type { ClaimOptions, Owner, StreamDirectory, StreamRef } from "../../../src/cluster/directory.ts";
import { assert, assertEquals, assertGreater } from "../assert.ts";

/** One server of a stage. */
export interface StagedServer {
  readonly directory: StreamDirectory;
  /** Where it takes RTMP clients, as the others are to be told. */
  readonly rtmp: string;
  /** Ends it without a word to anybody. */
  kill(): Promise<void> | void;
}

/** Some servers of one cluster, on the clock of a test or on a real one. */
export interface DirectoryStage extends AsyncDisposable {
  /** Another server, which is in touch with those before it. */
  server(): Promise<StagedServer>;
  stream(name: string): StreamRef;
  /** Lets so much time pass. */
  run(ms: number): Promise<void>;
  /** What comes of a promise, time passing meanwhile. */
  settle<T>(promise: Promise<T>): Promise<T>;
  /** How long news may take. */
  readonly newsMs: number;
  /** How long a server that died may count as alive. */
  readonly deathMs: number;
}

const nobody = { onLost() {} };

function addresses(owners: readonly Owner[]): string[] {
  return owners.map(({ ip, port }) => `${ip}:${port}`);
}

/** What every directory has to do, whatever it is made of. */
export function directorySuite(name: string, open: () => Promise<DirectoryStage>): void {
  const test = (what: string, fn: (stage: DirectoryStage) => Promise<void>) =>
    Deno.test(`${name} directory ${what}`, async () => {
      await using stage = await open();
      await fn(stage);
    });
  const claim = async (stage: DirectoryStage, { directory }: StagedServer, stream: string, options: ClaimOptions) => {
    const outcome = await stage.settle(directory.claim(stage.stream(stream), options));
    if ("claim" in outcome) outcome.claim.announce();
    return outcome;
  };
  const mustClaim = async (...args: Parameters<typeof claim>) => {
    const outcome = await claim(...args);
    assert("claim" in outcome, "the stream is taken");
    return outcome.claim;
  };
  const find = async (stage: DirectoryStage, { directory }: StagedServer, stream: string) =>
    addresses(await stage.settle(directory.find(stage.stream(stream), { fresh: true })));

  test("knows who has a stream, and nobody for others", async (stage) => {
    const [a, b] = [await stage.server(), await stage.server()];
    using own = await mustClaim(stage, a, "one", { mode: () => "first", ...nobody });
    const [owner, ...others] = await stage.settle(b.directory.find(stage.stream("one")));
    assertEquals(others, []);
    assertEquals(`${owner?.ip}:${owner?.port}`, a.rtmp);
    assertEquals(owner?.epoch, own.epoch);
    assertEquals(owner?.isDraining, false);
    assertEquals(await find(stage, b, "other"), []);
    assertEquals(await find(stage, a, "one"), [], "a server does not find itself");
  });

  test("gives a stream to the first that claims it, and tells the second who that is", async (stage) => {
    const [a, b] = [await stage.server(), await stage.server()];
    using _own = await mustClaim(stage, a, "one", { mode: () => "first", ...nobody });
    const outcome = await claim(stage, b, "one", { mode: () => "first", ...nobody });
    assert("takenBy" in outcome);
    assertEquals(addresses([outcome.takenBy]), [a.rtmp]);
    assertEquals(await find(stage, b, "one"), [a.rtmp]);
  });

  test("gives a stream to one of two that claim it at the same moment", async (stage) => {
    const servers = [await stage.server(), await stage.server()];
    let lost = 0;
    const outcomes = await stage.settle(Promise.all(servers.map(async ({ directory }) => {
      const outcome = await directory.claim(stage.stream("one"), { mode: () => "first", onLost: () => lost++ });
      if ("claim" in outcome) outcome.claim.announce();
      return outcome;
    })));
    await stage.run(stage.newsMs);
    assertEquals(outcomes.filter((outcome) => "claim" in outcome).length - lost, 1);
  });

  test("lets a takeover win, and tells the loser once", async (stage) => {
    const [a, b, c] = [await stage.server(), await stage.server(), await stage.server()];
    const reasons: string[] = [];
    // All servers of a cluster have one policy.
    const mode = () => "takeover" as const;
    const old = await mustClaim(stage, a, "one", { mode, onLost: (reason) => reasons.push(reason) });
    using own = await mustClaim(stage, b, "one", { mode, ...nobody });
    await stage.run(stage.newsMs);
    assertEquals(reasons.length, 1);
    assertGreater(own.epoch, old.epoch);
    assertEquals(await find(stage, c, "one"), [b.rtmp]);
    old[Symbol.dispose]();
    await stage.run(stage.newsMs);
    assertEquals(await find(stage, c, "one"), [b.rtmp], "a late release does nothing");
    assertEquals(reasons.length, 1);
  });

  test("forgets a stream that is given up, and its next epoch is higher", async (stage) => {
    const [a, b] = [await stage.server(), await stage.server()];
    const first = await mustClaim(stage, a, "one", { mode: () => "first", ...nobody });
    first[Symbol.dispose]();
    await stage.run(stage.newsMs);
    assertEquals(await find(stage, b, "one"), []);
    using second = await mustClaim(stage, b, "one", { mode: () => "first", ...nobody });
    assertGreater(second.epoch, first.epoch);
    assertEquals(await find(stage, a, "one"), [b.rtmp]);
  });

  test("keeps a stream that its server has claimed anew when the old claim ends", async (stage) => {
    const [a, b] = [await stage.server(), await stage.server()];
    const old = await mustClaim(stage, a, "one", { mode: () => "first", ...nobody });
    using own = await mustClaim(stage, a, "one", { mode: () => "takeover", ...nobody });
    old[Symbol.dispose]();
    await stage.run(stage.newsMs);
    assertGreater(own.epoch, old.epoch);
    assertEquals(await find(stage, b, "one"), [a.rtmp]);
  });

  test("tells those that watch as soon as somebody has the stream, and of the next one too", async (stage) => {
    const [a, b, c] = [await stage.server(), await stage.server(), await stage.server()];
    const told: string[] = [];
    const watch = () => c.directory.watch(stage.stream("one"), (owners) => told.push(...addresses(owners)));
    const watches = [watch(), watch()];
    await stage.run(2 * stage.newsMs);
    assertEquals(told, [], "nobody has it");
    using _first = await mustClaim(stage, a, "one", { mode: () => "first", ...nobody });
    await stage.run(stage.newsMs);
    assertEquals(told, [a.rtmp, a.rtmp]);
    watches[1]![Symbol.dispose]();
    using _second = await mustClaim(stage, b, "one", { mode: () => "takeover", ...nobody });
    await stage.run(stage.newsMs);
    assertEquals(told, [a.rtmp, a.rtmp, b.rtmp]);
    watches[0]![Symbol.dispose]();
    using _third = await mustClaim(stage, a, "one", { mode: () => "takeover", ...nobody });
    await stage.run(stage.newsMs);
    assertEquals(told.length, 3, "after the end nobody is told");
  });

  test("tells those that begin to watch of a stream that is there", async (stage) => {
    const [a, b] = [await stage.server(), await stage.server()];
    using _own = await mustClaim(stage, a, "one", { mode: () => "first", ...nobody });
    const told: string[] = [];
    using _watch = b.directory.watch(stage.stream("one"), (owners) => told.push(...addresses(owners)));
    await stage.run(stage.newsMs);
    assertEquals(told, [a.rtmp]);
  });

  test("gives the stream of a server that died to the next", async (stage) => {
    const [a, b, c] = [await stage.server(), await stage.server(), await stage.server()];
    const old = await mustClaim(stage, a, "one", { mode: () => "first", ...nobody });
    await a.kill();
    await stage.run(stage.deathMs);
    assertEquals(await find(stage, c, "one"), []);
    using own = await mustClaim(stage, b, "one", { mode: () => "first", ...nobody });
    assertGreater(own.epoch, old.epoch);
    assertEquals(await find(stage, c, "one"), [b.rtmp]);
  });

  test("lists the members, itself first", async (stage) => {
    const [a, b] = [await stage.server(), await stage.server()];
    a.directory.members();
    await stage.run(stage.deathMs);
    a.directory.members();
    await stage.run(stage.newsMs);
    const members = a.directory.members();
    assertEquals(members.map(({ isSelf, state }) => `${state}${isSelf ? " self" : ""}`), ["up self", "up"]);
    await b.kill();
    await stage.run(stage.deathMs);
    a.directory.members();
    await stage.run(stage.newsMs);
    const after = a.directory.members();
    assertEquals(after.map(({ state }) => state), ["up", "down"]);
    assertGreater(after[1]!.problem.length, 0);
  });
}
