import { RequestDenied } from "../../../../src/base/errors.ts";
import { DEAD_AFTER_MS } from "../../../../src/cluster/rivals.ts";
import { Publishers } from "../../../../src/server/publish/publishers.ts";
import { StreamClaim } from "../../../../src/server/publish/stream_claim.ts";
import { assertEquals } from "../../../kit/assert.ts";
import { ClusterAnswers, ownerAt, streamIn } from "../../../kit/cluster_answers.ts";
import { configOf } from "../../../kit/fake_server.ts";
import { ManualTimers, turn } from "../../../kit/manual_timers.ts";
import { TestLog } from "../../../kit/test_log.ts";

const OWNER = "10.0.0.2";

class Stage {
  readonly timers = new ManualTimers();
  readonly cluster = new ClusterAnswers();
  readonly log = new TestLog();
  readonly publishers = new Publishers();
  readonly heard: string[] = [];
  /** The next one finds the source taken. */
  isTaken = false;

  /** Begins the claim of a client, which notes what it hears as `client: event`. */
  claim(client: string, vhost = ""): StreamClaim {
    const note = (event: string) => void this.heard.push(`${client}: ${event}`);
    const server = {
      config: configOf(""),
      identity: { serverId: "vid-1", serviceId: "m", pid: 1 },
      drain: { isOn: false },
      timers: this.timers,
      log: this.log,
      publishers: this.publishers,
      coworkers: this.cluster,
    };
    const host = { log: this.log, guard: (fn: () => void) => fn(), onAnswered: () => note("answered") };
    const claim = new StreamClaim({ server, host, stream: streamIn(vhost), clientKey: client, trace: null }, {
      take: () => {
        if (this.isTaken) throw new RequestDenied("StreamBusy", "the source is taken");
        note("takes");
      },
      onWon: () => note("won"),
      onStandBy: () => note("stands by"),
      onPromoted: () => note("promoted"),
      onBusy: (reason) => note(`busy, ${reason}`),
      onLost: (reason) => note(`lost, ${reason}`),
      silentMs: () => 0,
    });
    claim.start();
    return claim;
  }
}

const cluster = (policy: string) =>
  `publish { on_conflict ${policy}; } cluster { origin_cluster on; coworkers ${OWNER}:1985; }`;

Deno.test("StreamClaim wins at once where there are no coworkers, and gives the stream to whoever stands by", () => {
  const stage = new Stage();
  const first = stage.claim("a", "publish { on_conflict standby; }");
  stage.claim("b", "publish { on_conflict standby; }");
  assertEquals(stage.heard.splice(0), ["a: takes", "a: won", "b: stands by"]);
  first.end();
  assertEquals(stage.heard, ["b: takes", "b: promoted"]);
  assertEquals(stage.cluster.asked, []);
});

Deno.test("StreamClaim ends as busy where the stream cannot be had", () => {
  const stage = new Stage();
  stage.isTaken = true;
  stage.claim("a").end();
  stage.isTaken = false;
  stage.claim("b");
  stage.claim("c");
  assertEquals(stage.heard.slice(0, 3), ["a: busy, the source is taken", "b: takes", "b: won"]);
  assertEquals(stage.heard[3]?.startsWith("c: busy, "), true);
});

Deno.test("StreamClaim asks the coworkers first, and wins where none of them has the stream", async () => {
  const stage = new Stage();
  stage.claim("a", cluster("reject"));
  assertEquals(stage.heard, []);
  await turn();
  assertEquals(stage.heard, ["a: takes", "a: won", "a: answered"]);
  // Once more now that the coworkers can see this publisher.
  assertEquals(stage.cluster.asked.length, 2);
});

Deno.test("StreamClaim is refused under reject by a live owner, and takes the stream of a dead or leaving one", async () => {
  const owners = [ownerAt(OWNER), ownerAt(OWNER, { silentMs: DEAD_AFTER_MS }), ownerAt(OWNER, { isDraining: true })];
  const found = [];
  for (const owner of owners) {
    const stage = new Stage();
    stage.cluster.owner = owner;
    stage.claim("a", cluster("reject"));
    await turn();
    found.push(stage.heard[0]);
  }
  assertEquals(found, [`a: busy, stream /live/s is already published at origin ${OWNER}:1935`, "a: takes", "a: takes"]);
});

Deno.test("StreamClaim takes the stream over from another origin, and counts as the later one there", async () => {
  const stage = new Stage();
  const sinceMs = stage.timers.nowMs() + 5000;
  stage.cluster.owner = ownerAt(OWNER, { sinceMs, instance: "x" });
  const claim = stage.claim("a", cluster("takeover"));
  await turn();
  assertEquals(stage.heard, ["a: takes", "a: won", "a: answered"]);
  assertEquals(claim.sinceMs, sinceMs + 1);
  assertEquals(stage.cluster.claimed[0], `${OWNER}:1985`);
});

Deno.test("StreamClaim stands by for another origin, and takes the stream within 500 ms of its end", async () => {
  const stage = new Stage();
  stage.cluster.owner = ownerAt(OWNER);
  stage.claim("a", cluster("standby"));
  await stage.timers.run(1100);
  assertEquals([stage.heard.splice(0), stage.cluster.asked.length], [["a: stands by", "a: answered"], 3]);
  stage.cluster.owner = null;
  await stage.timers.run(400);
  assertEquals(stage.heard, ["a: takes", "a: promoted"]);
  assertEquals(stage.timers.pendingCount, 0);
});

Deno.test("StreamClaim that has ended hears nothing more, whatever the coworkers answer", async () => {
  const stage = new Stage();
  stage.claim("a", cluster("reject")).end();
  stage.cluster.owner = ownerAt(OWNER);
  const standby = stage.claim("b", cluster("standby"));
  await turn();
  standby.end();
  stage.cluster.owner = null;
  await stage.timers.run(2000);
  assertEquals(stage.heard, ["b: stands by", "b: answered"]);
  assertEquals([stage.publishers.count, stage.timers.pendingCount], [0, 0]);
});
