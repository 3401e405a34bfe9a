import { PlaySupply, type SupplyRequest } from "../../../../src/server/play/supply.ts";
import { MAX_WAITING_PER_ADDRESS, WaitingPlays } from "../../../../src/server/play/waiting_plays.ts";
import { LiveSource } from "../../../../src/stream/live_source.ts";
import { OriginPool } from "../../../../src/upstream/origin_pool.ts";
import type { PullLease } from "../../../../src/upstream/pull/pull_registry.ts";
import type { PullRequest } from "../../../../src/upstream/pull/pull_request.ts";
import { assertEquals } from "../../../kit/assert.ts";
import { DirectoryAnswers, ownerAt, streamIn } from "../../../kit/peers/cluster_answers.ts";
import { ManualTimers, turn } from "../../../kit/memory/manual_timers.ts";
import { sourceOptions } from "../../../kit/media/packets.ts";

const IP = "10.0.1.1";

/** Pulls that bring nothing; what is asked of them is noted. */
class NoPulls {
  readonly pool: OriginPool;
  readonly requests: PullRequest[] = [];
  readonly heard: string[] = [];
  isSilent = false;

  constructor(timers: ManualTimers) {
    this.pool = new OriginPool(timers);
  }

  acquire(_source: LiveSource, request: PullRequest): PullLease {
    this.requests.push(request);
    const isSilent = () => this.isSilent;
    return {
      lastError: "no route",
      get isSilent() {
        return isSilent();
      },
      hurry: () => void this.heard.push("hurry"),
      hasten: () => void this.heard.push("hasten"),
      [Symbol.dispose]: () => void this.heard.push("given back"),
    };
  }
}

class Stage {
  readonly timers = new ManualTimers();
  readonly cluster = new DirectoryAnswers();
  readonly pulls = new NoPulls(this.timers);
  readonly waitingPlays = new WaitingPlays();
  readonly source = new LiveSource("/live/s", sourceOptions, this.timers, () => {});
  readonly heard: string[] = [];
  isDraining = false;
  /** Stand-ins that are being looked for. */
  searches = 0;
  #sendTo: (address: string) => void = () => {};

  /** Starts the supply of a player that follows redirects, unless it says otherwise. */
  play(vhost: string, facts: Partial<SupplyRequest> = {}): PlaySupply {
    const onRedirect = (address: string) => void this.heard.push(`redirect ${address}`);
    const search = (_vhost: unknown, _url: unknown, onFound: (to: { stream: string; tcUrl: string }) => void) => {
      this.searches++;
      this.#sendTo = (stream) => onFound({ stream, tcUrl: "" });
      return { [Symbol.dispose]: () => void this.searches-- };
    };
    const server = {
      timers: this.timers,
      world: { wallMs: () => 0 },
      directory: this.cluster,
      pulls: this.pulls,
      waitingPlays: this.waitingPlays,
      drain: { isOn: this.isDraining, search },
    };
    const request = {
      ...streamIn(vhost),
      source: this.source,
      redirect: { isFollowed: true, onRedirect },
      pageUrl: "",
      swfUrl: "",
      protocol: "rtmp" as const,
      remoteIp: IP,
      via: [],
      ...facts,
    };
    return new PlaySupply(server, request, {
      wake: () => void this.heard.push("wake"),
      onNotFound: (reason) => void this.heard.push(`not found: ${reason}`),
    });
  }

  standIn(address: string): void {
    this.#sendTo(address);
  }
}

const ORIGIN = "cluster { origin_cluster on; coworkers 10.0.0.2:1985; owner_timeout 1000; }";
const ALWAYS = "cluster { origin_cluster on; coworkers 10.0.0.2:1985; owner_timeout 1000; redirect always; }";
const EDGE = "cluster { mode remote; origin 10.0.0.1 10.0.0.2; owner_timeout 1000; }";
const ALONE = "";

Deno.test("PlaySupply of a server without a cluster waits for a publisher, for ever", async () => {
  const stage = new Stage();
  using supply = stage.play(ALONE);
  await stage.timers.run(60_000);
  assertEquals([stage.heard, stage.pulls.requests, supply.isPulled], [[], [], false]);
});

Deno.test("PlaySupply of an edge pulls from the origins, and gives up after owner_timeout", async () => {
  const stage = new Stage();
  using supply = stage.play(EDGE);
  assertEquals([supply.isPulled, supply.isSearching], [true, false]);
  const targets = await stage.pulls.requests[0]!.findTargets(null, () => true);
  assertEquals(targets.map(({ host }) => host).toSorted(), ["10.0.0.1", "10.0.0.2"]);
  stage.timers.advance(999);
  assertEquals(stage.heard, []);
  stage.timers.advance(1);
  assertEquals(stage.heard, ["not found: no server has /live/s (waited 1000 ms): no route"]);
});

Deno.test("PlaySupply no longer gives up once the stream is there", () => {
  const stage = new Stage();
  using supply = stage.play(EDGE);
  using _session = stage.source.startPublish("upstream");
  supply.onPublish();
  stage.timers.advance(5000);
  assertEquals([stage.heard, supply.isPulled], [[], true]);
});

Deno.test("PlaySupply gives up on a pull that is fed but silent, and not if it goes on in time", () => {
  for (const goesOn of [false, true]) {
    const stage = new Stage();
    using _session = stage.source.startPublish("upstream");
    stage.pulls.isSilent = true;
    using _supply = stage.play(EDGE);
    stage.timers.advance(500);
    stage.pulls.isSilent = !goesOn;
    stage.timers.advance(500);
    assertEquals(stage.heard.length, goesOn ? 0 : 1);
  }
});

Deno.test("PlaySupply of an origin sends a player that follows to the owner, and pulls for one that does not", async () => {
  const follows = new Stage();
  follows.cluster.owner = ownerAt("10.0.0.2");
  using supply = follows.play(ORIGIN);
  assertEquals([supply.isSearching, supply.isPulled], [true, false]);
  await turn();
  assertEquals(follows.heard, ["redirect rtmp://10.0.0.2:1935/live/s"]);

  const stays = new Stage();
  stays.cluster.owner = ownerAt("10.0.0.2");
  using pulled = stays.play(ORIGIN, { redirect: { isFollowed: false, onRedirect: () => {} } });
  assertEquals([pulled.isSearching, pulled.isPulled], [false, true]);
  const targets = await stays.pulls.requests[0]!.findTargets(null, () => true);
  assertEquals(targets.map(({ text }) => text), ["10.0.0.2:1935"]);
});

Deno.test("PlaySupply pulls under redirect always for a client that cannot be sent anywhere", () => {
  const stage = new Stage();
  using supply = stage.play(ALWAYS, { redirect: null });
  assertEquals([supply.isPulled, supply.isSearching], [true, false]);
});

Deno.test("PlaySupply serves here what an owner that is about to stop would send back", async () => {
  const stage = new Stage();
  stage.cluster.owner = ownerAt("10.0.0.2", { isDraining: true });
  using supply = stage.play(ORIGIN);
  await turn();
  assertEquals([supply.isPulled, supply.isSearching, stage.heard], [true, false, ["wake"]]);
});

Deno.test("PlaySupply ends its search when a publisher comes here, and looks elsewhere when it has left", async () => {
  const stage = new Stage();
  using supply = stage.play(ORIGIN, { redirect: { isFollowed: true, onRedirect: () => {} } });
  const session = stage.source.startPublish("client");
  supply.onPublish();
  assertEquals(supply.isSearching, false);
  await stage.timers.run(2000);
  assertEquals(stage.heard, []);
  session[Symbol.dispose]();
  // One that follows redirects is told so by the end of its connection.
  supply.onUnpublish();
  assertEquals(supply.isPulled, false);

  using other = stage.play(ORIGIN, { redirect: null });
  other.onUnpublish();
  assertEquals([other.isPulled, stage.pulls.heard], [true, ["hurry"]]);
});

Deno.test("PlaySupply of a server that is about to stop looks for a coworker that takes the player", () => {
  const stage = new Stage();
  stage.isDraining = true;
  using _session = stage.source.startPublish("client");
  const supply = stage.play(ORIGIN);
  assertEquals([supply.isSearching, stage.searches], [true, 1]);
  stage.standIn("rtmp://10.0.0.3/live/s");
  assertEquals(stage.heard, ["redirect rtmp://10.0.0.3/live/s"]);
  stage.timers.advance(1000);
  assertEquals(stage.heard.at(-1), "not found: this server is about to stop, and no coworker takes its clients");
  supply[Symbol.dispose]();
  assertEquals([stage.searches, stage.timers.pendingCount], [0, 0]);
  // A relay serves those who were sent to it.
  using relay = stage.play(ORIGIN, { isRelay: true });
  assertEquals([relay.isSearching, stage.searches], [false, 0]);
  // One that was sent back would come again and again.
  using back = stage.play(ORIGIN, { redirect: { isFollowed: true, hasReturned: true, onRedirect() {} } });
  assertEquals([back.isSearching, stage.searches], [false, 0]);
});

Deno.test("PlaySupply tells a player whose address has too many that wait; a place is free again after its end", () => {
  const stage = new Stage();
  const places = Array.from({ length: MAX_WAITING_PER_ADDRESS - 1 }, () => stage.waitingPlays.enter(IP));
  const last = stage.play(EDGE);
  using _refused = stage.play(EDGE);
  stage.timers.advance(0);
  assertEquals(stage.heard, [
    `not found: /live/s is not published here, and too many players from ${IP} are waiting for streams`,
  ]);
  assertEquals(stage.pulls.requests.length, 1);
  last[Symbol.dispose]();
  assertEquals(stage.pulls.heard, ["given back"]);
  using next = stage.play(EDGE);
  assertEquals([next.isPulled, places.length], [true, MAX_WAITING_PER_ADDRESS - 1]);
});

Deno.test("PlaySupply of an edge with an engine goes to the owner that it names, and asks its origins besides", async () => {
  const stage = new Stage();
  stage.cluster.hasEngine = true;
  stage.cluster.owner = ownerAt("10.0.0.9", { coworker: "redis://10.0.0.5:6379", http: "10.0.0.9:8080" });
  stage.play("cluster { mode remote; origin 10.0.0.2; }");
  const [request] = stage.pulls.requests;
  const named = await request!.findTargets(null, () => true);
  assertEquals(named.map(({ text }) => text), ["10.0.0.9:1935"]);
  assertEquals(request!.otherTargets!().map(({ text }) => text), ["10.0.0.2:1935"]);
  const told: string[] = [];
  using _watch = request!.watchTargets!((targets) => void told.push(...targets.map(({ text }) => text)), null);
  await turn();
  assertEquals(told, ["10.0.0.9:1935"]);

  const overHttp = new Stage();
  overHttp.cluster.hasEngine = true;
  overHttp.cluster.owner = ownerAt("10.0.0.9", { coworker: "redis://10.0.0.5:6379", http: "10.0.0.9:8080" });
  overHttp.play("cluster { mode remote; protocol flv; }");
  const byHttp = await overHttp.pulls.requests[0]!.findTargets(null, () => true);
  assertEquals(byHttp.map(({ text }) => text), ["10.0.0.9:8080"]);
});

Deno.test("PlaySupply passes on that a server has seen a newer publish than the one here", () => {
  const stage = new Stage();
  const session = stage.source.startPublish("client", () => {}, 1000);
  for (const seenEpoch of [null, 999, 1000, 1001]) stage.play(ORIGIN, { seenEpoch })[Symbol.dispose]();
  assertEquals(stage.cluster.rechecks, ["/live/s 1001"]);
  // What is only relayed here is for others to judge.
  session[Symbol.dispose]();
  using _relayed = stage.source.startPublish("upstream", () => {}, 1000);
  stage.play(ORIGIN, { seenEpoch: 1001 })[Symbol.dispose]();
  assertEquals(stage.cluster.rechecks.length, 1);
});
