import type { Claim, ClaimMode, ClaimOutcome } from "../../../src/cluster/directory.ts";
import { openEngine } from "../../../src/net/engine_client.ts";
import { systemWorld } from "../../../src/net/system_world.ts";
import {
  assert,
  assertEquals,
  assertGreater,
  assertLess,
  assertMatch,
  assertStringIncludes,
} from "../../kit/assert.ts";
import { directorySuite } from "../../kit/cases/directory_suite.ts";
import { freePort, Program, until } from "../../kit/launcher.ts";
import { RedisServer } from "../../kit/engine/redis_server.ts";
import { RedisStage } from "../../kit/engine/redis_stage.ts";
import { tlsPath, tlsText } from "../../kit/tls_files.ts";
import { interopTest, isInstalled } from "../../kit/tools.ts";
import { type StagedDirectory, stagedDirectory } from "../../kit/engine/valkey_stage.ts";

/** From the return of the engine until all is true again: connections within half a lease, claims within one more. */
const BACK_MS = 8000;

class Stage implements AsyncDisposable {
  readonly lost: string[] = [];

  constructor(readonly base: RedisStage) {}

  async claim({ directory }: StagedDirectory, stream: string, mode: ClaimMode = "first"): Promise<ClaimOutcome> {
    const onLost = (reason: string) => this.lost.push(`${stream}: ${reason}`);
    return await directory.claim(this.base.stream(stream), { mode: () => mode, onLost });
  }

  async mustClaim(...args: Parameters<Stage["claim"]>): Promise<Claim> {
    const outcome = await this.claim(...args);
    assert("claim" in outcome, "the stream is taken");
    return outcome.claim;
  }

  async find({ directory }: StagedDirectory, stream: string, fresh = false): Promise<string[]> {
    const owners = await directory.find(this.base.stream(stream), { fresh });
    return owners.map(({ ip }) => ip);
  }

  /** Waits until a server finds the owner of a stream. */
  async finds(server: StagedDirectory, stream: string, ips: readonly string[]): Promise<void> {
    let found: string[] = [];
    const isFound = async () => (found = await this.find(server, stream, true)).join() === ips.join();
    await until(isFound, BACK_MS, () => `${stream} at ${ips}, found ${found}\n${server.log.lines.join("\n")}`);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.base[Symbol.asyncDispose]();
  }
}

function redisTest(name: string, fn: (stage: Stage) => Promise<void>): void {
  interopTest(name, ["redis-server"], async () => {
    await using stage = new Stage(await RedisStage.open());
    await fn(stage);
  });
}

async function tookMs<T>(fn: () => Promise<T>): Promise<{ result: T; ms: number }> {
  const startedMs = performance.now();
  return { result: await fn(), ms: performance.now() - startedMs };
}

if (isInstalled("redis-server")) directorySuite("redis", () => RedisStage.open());

redisTest("kill -9 of Redis: 20 streams run on, 20 new ones begin, all are found when it is back", async (stage) => {
  const { redis } = stage.base;
  const [a, b, viewer] = [await stage.base.add(), await stage.base.add(), await stage.base.add()];
  for (let i = 0; i < 20; i++) {
    await stage.mustClaim(a, `old${i}`);
    assertEquals(await stage.find(viewer, `old${i}`), ["10.0.0.1"]);
  }
  await redis.kill();
  const { ms } = await tookMs(async () => {
    for (let i = 0; i < 20; i++) {
      assertEquals(await stage.find(viewer, `old${i}`), ["10.0.0.1"]);
      await stage.mustClaim(b, `new${i}`);
      assertEquals(await stage.find(viewer, `new${i}`), []);
    }
  });
  assertLess(ms, 1000);
  await stage.base.run(1500);
  await redis.restart();
  for (let i = 0; i < 20; i++) {
    await stage.finds(viewer, `new${i}`, ["10.0.0.2"]);
    await stage.finds(viewer, `old${i}`, ["10.0.0.1"]);
  }
  assertEquals(stage.lost, []);
});

redisTest("FLUSHALL: nobody misses a running stream, and epochs grow", async (stage) => {
  const { redis } = stage.base;
  const [a, viewer] = [await stage.base.add(), await stage.base.add()];
  const own = await stage.mustClaim(a, "one");
  assertEquals(await stage.find(viewer, "one"), ["10.0.0.1"]);
  await redis.call("FLUSHALL");
  const endMs = performance.now() + 2500;
  while (performance.now() < endMs) {
    assertEquals(await stage.find(viewer, "one"), ["10.0.0.1"]);
    await stage.base.run(20);
  }
  assertEquals(await redis.call("GET", "srs:s:/live/one"), `${own.epoch}|node1#boot1`);
  own[Symbol.dispose]();
  await redis.call("FLUSHALL");
  const again = await stage.mustClaim(a, "one");
  assertGreater(again.epoch, own.epoch);
});

redisTest("a stream that is given up behind a FLUSHALL is nobody's at once", async (stage) => {
  const [a, b] = [await stage.base.add(), await stage.base.add()];
  const own = await stage.mustClaim(a, "one");
  assertEquals(await stage.find(b, "one"), ["10.0.0.1"]);
  await stage.base.redis.call("FLUSHALL");
  own[Symbol.dispose]();
  await until(async () => (await stage.find(b, "one")).length === 0, 1000, () => "nobody has it");
  using _next = await stage.mustClaim(b, "one");
  await stage.finds(a, "one", ["10.0.0.2"]);
});

redisTest(
  "whoever knows the owner of a stream hears at once that it is about to stop, and that it is gone",
  async (stage) => {
    const [a, b] = [await stage.base.add(), await stage.base.add()];
    using _own = await stage.mustClaim(a, "one");
    const find = async () => (await b.directory.find(stage.base.stream("one"))).map(({ isDraining }) => isDraining);
    assertEquals(await find(), [false]);
    a.facts.isDraining = true;
    a.directory.announceFacts();
    await until(async () => (await find())[0] === true, 500, () => "it is about to stop");
    await a.directory.stop();
    await until(async () => (await find()).length === 0, 500, () => "it is gone");
  },
);

redisTest("what servers claim, keep and give up, Redis tracks for nobody", async (stage) => {
  const { redis } = stage.base;
  const [a, b] = [await stage.base.add(), await stage.base.add()];
  const claims = await Promise.all(Array.from({ length: 600 }, (_, i) => stage.mustClaim(a, `s${i}`)));
  assert("takenBy" in await stage.claim(b, "s0"));
  await redis.call("FLUSHALL");
  const keys = async () => String(await redis.call("INFO", "keyspace"));
  await until(async () => /keys=60[0-9]/.test(await keys()), 4000, () => "all claims");
  await stage.base.run(1000);
  for (const claim of claims.slice(300)) claim[Symbol.dispose]();
  await stage.base.run(300);
  const tracked = async () => /tracking_total_keys:(\d+)/.exec(String(await redis.call("INFO", "everything")))?.[1];
  assertEquals(await tracked(), "2", "the mailboxes of the two servers");
});

redisTest("SIGSTOP of Redis: nothing waits longer than 200 ms, and only the first", async (stage) => {
  const { redis } = stage.base;
  const [a, b, c] = [await stage.base.add(), await stage.base.add(), await stage.base.add()];
  await stage.mustClaim(a, "one");
  await stage.find(b, "one");
  redis.freeze();
  const first = await tookMs(() => stage.mustClaim(b, "two"));
  assert(first.ms > 150 && first.ms < 600, `${first.ms} ms`);
  const others = await tookMs(async () => {
    for (let i = 0; i < 50; i++) {
      assertEquals(await stage.find(b, "one"), ["10.0.0.1"]);
      assertEquals(await stage.find(b, `none${i}`), []);
    }
    await stage.mustClaim(b, "three");
  });
  assertLess(others.ms, 150);
  await stage.base.run(2500);
  redis.thaw();
  await stage.finds(c, "two", ["10.0.0.2"]);
  await stage.finds(c, "three", ["10.0.0.2"]);
  await stage.finds(c, "one", ["10.0.0.1"]);
});

redisTest("CLIENT KILL: streams stay, and what is watched is told", async (stage) => {
  const { redis } = stage.base;
  const [a, b, c] = [await stage.base.add(), await stage.base.add(), await stage.base.add()];
  await stage.mustClaim(a, "one");
  const told: string[] = [];
  using _watch = c.directory.watch(stage.base.stream("two"), (owners) => told.push(...owners.map(({ ip }) => ip)));
  await stage.find(c, "one");
  await redis.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
  assertEquals(await stage.find(c, "one"), ["10.0.0.1"]);
  await stage.base.run(2500);
  assertEquals(await stage.find(c, "one", true), ["10.0.0.1"]);
  await stage.mustClaim(b, "two");
  await until(() => told.length > 0, 1000, () => "the watcher to be told");
  assertEquals(told, ["10.0.0.2"]);
  await stage.mustClaim(b, "one", "takeover");
  await until(() => stage.lost.length > 0, 1000, () => "the owner to be told");
});

redisTest(
  "a zombie: it is stopped, its stream is taken over, and it gives way as soon as it goes on",
  async (stage) => {
    const [a, b] = [await stage.base.add(), await stage.base.add()];
    const script = new URL("../../kit/engine/directory_child.ts", import.meta.url).pathname;
    await using zombie = new Program([Deno.execPath(), "run", "-A", "--no-check", script, stage.base.redis.url, "9"]);
    await zombie.prints("claimed", 20_000);
    assertEquals(await stage.find(a, "one"), ["10.0.0.9"]);
    zombie.kill("SIGSTOP");
    await stage.base.run(2000);
    assertEquals(await stage.find(b, "one", true), [], "its lease has run out");
    const own = await stage.mustClaim(b, "one");
    zombie.kill("SIGCONT");
    await zombie.prints("lost: origin 10.0.0.2:1935 has a newer publisher of /live/one", 2000);
    await stage.base.run(1000);
    assertEquals(await stage.find(a, "one", true), ["10.0.0.2"]);
    assertEquals(await stage.base.redis.call("GET", "srs:s:/live/one"), `${own.epoch}|node2#boot2`);
  },
);

redisTest("a user with a password, and a wrong one", async (stage) => {
  const { redis } = stage.base;
  await redis.call("ACL", "SETUSER", "srs", "on", ">pass@word", "~srs:*", "+@all");
  const a = await stage.base.add({ url: `redis://srs:pass%40word@127.0.0.1:${redis.port}/0` });
  await stage.mustClaim(a, "one");
  assertEquals(await redis.call("EXISTS", "srs:s:/live/one"), 1);
  await redis.call("ACL", "SETUSER", "srs", ">other", "<pass@word");
  await redis.call("CLIENT", "KILL", "USER", "srs");
  await until(() => a.log.find("WRONGPASS").length > 0, 5000, () => a.log.lines.join("\n"));
  assertEquals(a.log.find("pass@word").length + a.log.find("pass%40word").length, 0);
});

redisTest("a user who may do no more than the directory needs", async (stage) => {
  const { redis } = stage.base;
  const commands =
    "+get +getex +mget +set +del +pexpire +zadd +zremrangebyscore +zrange +zrem +zcard +eval +evalsha +time +role " +
    "+hello +client +ping +select";
  await redis.call("ACL", "SETUSER", "srs", "on", ">word", "~srs:*", ...commands.split(" "));
  const url = `redis://srs:word@127.0.0.1:${redis.port}`;
  const [a, b] = [await stage.base.add({ url }), await stage.base.add({ url })];
  const own = await stage.mustClaim(a, "one");
  assertEquals(await stage.find(b, "one"), ["10.0.0.1"]);
  own[Symbol.dispose]();
  await stage.base.run(200);
  assertEquals(await stage.find(b, "one"), []);
  b.directory.members();
  await stage.base.run(500);
  assertEquals(b.directory.members().length, 2);
  assertEquals([a, b].flatMap(({ log }) => log.find("warn")), []);
});

interopTest(
  "rediss:// needs a certificate for the host that somebody trusted has signed",
  ["redis-server"],
  async () => {
    const port = freePort();
    const files = ["--tls-cert-file", tlsPath("server.crt"), "--tls-key-file", tlsPath("server.key")];
    const stage = new Stage(
      await RedisStage.open([
        "--tls-port",
        String(port),
        "--tls-auth-clients",
        "no",
        "--tls-ca-cert-file",
        tlsPath("authority.crt"),
        ...files,
      ]),
    );
    await using _stage = stage;
    const caCerts = [tlsText("authority.crt")];
    const [a, b] = [
      await stage.base.add({ url: `rediss://localhost:${port}`, caCerts }),
      await stage.base.add(),
    ];
    await stage.mustClaim(a, "one");
    assertEquals(await stage.find(b, "one"), ["10.0.0.1"]);
    const stranger = stagedDirectory({
      world: systemWorld,
      open: openEngine,
      number: 3,
      url: `rediss://localhost:${port}`,
      nodeTtlMs: 900,
    });
    using directory = stranger.directory;
    directory.start();
    await until(() => stranger.log.find("fails").length > 0, 5000, () => "a refusal");
    assertEquals(directory.health()[0]!.isUp, false);
    assertMatch(stranger.log.lines.join(), /certificate|issuer/i);
    directory[Symbol.dispose]();
    // Deno 2.4.2 keeps the timer of a connection that TLS has ended.
    await stage.base.run(4000);
  },
);

interopTest("failover: Sentinel makes the replica primary, and all go there", ["redis-server"], async () => {
  await using replica = await RedisServer.start();
  const stage = new Stage(await RedisStage.open());
  const dir = await Deno.makeTempDir();
  const port = freePort();
  const { redis } = stage.base;
  const conf = `port ${port}\nbind 127.0.0.1\ndir ${dir}\nsentinel monitor mymaster 127.0.0.1 ${redis.port} 1\n` +
    "sentinel down-after-milliseconds mymaster 500\nsentinel failover-timeout mymaster 2000\n";
  await Deno.writeTextFile(`${dir}/sentinel.conf`, conf);
  try {
    await replica.call("REPLICAOF", "127.0.0.1", String(redis.port));
    const info = async () => String(await replica.call("INFO", "replication"));
    await until(async () => (await info()).includes("master_link_status:up"), 10_000, () => "replication");
    await using sentinel = new Program(["redis-server", `${dir}/sentinel.conf`, "--sentinel"]);
    await until(() => sentinel.output.includes("+slave"), 20_000, () => sentinel.output);
    const url = `redis+sentinel://127.0.0.1:1,127.0.0.1:${port}/mymaster`;
    const [a, b] = [await stage.base.add({ url }), await stage.base.add({ url })];
    const own = await stage.mustClaim(a, "one");
    assertEquals(await stage.find(b, "one"), ["10.0.0.1"]);
    await redis.kill();
    assertEquals(await stage.find(b, "one"), ["10.0.0.1"]);
    const isMoved = async () =>
      await replica.call("GET", "srs:n:node1#boot1").catch(() => null) !== null && a.log.find("again").length > 0;
    await until(isMoved, 20_000, () => `${sentinel.output}\n${a.log.lines.join("\n")}`);
    await until(() => b.directory.health()[0]!.isUp, 10_000, () => b.log.lines.join("\n"));
    assertStringIncludes(String(await replica.call("ROLE")), "master");
    await stage.finds(b, "one", ["10.0.0.1"]);
    const taken = await stage.mustClaim(b, "one", "takeover");
    assertGreater(taken.epoch, own.epoch);
    await until(() => stage.lost.length > 0, 3000, () => "the loser to be told");
  } finally {
    await stage[Symbol.asyncDispose]();
    await Deno.remove(dir, { recursive: true });
  }
});
