import { RequestDenied } from "../../../../src/base/errors.ts";
import { Publishers } from "../../../../src/server/publish/publishers.ts";
import { StreamClaim } from "../../../../src/server/publish/stream_claim.ts";
import { assertEquals } from "../../../kit/assert.ts";
import { DirectoryAnswers, ownerAt, streamIn } from "../../../kit/peers/cluster_answers.ts";
import { ManualTimers, turn } from "../../../kit/memory/manual_timers.ts";
import { TestLog } from "../../../kit/test_log.ts";

const OWNER = "10.0.0.2";

class Stage {
  readonly timers = new ManualTimers();
  readonly cluster = new DirectoryAnswers();
  readonly log = new TestLog();
  readonly publishers = new Publishers();
  readonly heard: string[] = [];
  readonly epochs: number[] = [];
  /** Why a request is refused that came while the client waited. */
  heldRequest = "";
  /** The next one finds the source taken. */
  isTaken = false;

  /** Begins the claim of a client, which notes what it hears as `client: event`. */
  claim(client: string, vhost = ""): StreamClaim {
    const note = (event: string) => void this.heard.push(`${client}: ${event}`);
    const server = {
      timers: this.timers,
      world: this.timers,
      publishers: this.publishers,
      directory: this.cluster,
    };
    const guard = (fn: () => void) => {
      try {
        fn();
      } catch (error) {
        note(`fault, ${error instanceof Error ? error.message : ""}`);
      }
    };
    const host = { log: this.log, guard, onAnswered: () => note("answered") };
    const claim = new StreamClaim({ server, host, stream: streamIn(vhost), clientKey: client, trace: null }, {
      take: (epoch) => {
        this.epochs.push(epoch);
        if (this.isTaken) throw new RequestDenied("StreamBusy", "the source is taken");
        note("takes");
      },
      onWon: () => {
        note("won");
        if (this.heldRequest !== "") throw new RequestDenied("SecurityDenied", this.heldRequest);
      },
      onStandBy: () => note("stands by"),
      canBegin: true,
      onPromoted: () => note("promoted"),
      onBusy: (reason) => note(`busy, ${reason}`),
      onRaised: (epoch) => note(`raised to ${epoch}`),
      onLost: (reason) => note(`lost, ${reason}`),
      silentMs: () => 0,
    });
    claim.start();
    return claim;
  }
}

const cluster = (policy: string) =>
  `publish { on_conflict ${policy}; } cluster { origin_cluster on; coworkers ${OWNER}:1985; }`;

Deno.test("StreamClaim gives the stream to whoever stands by on the same server, and keeps it in the cluster", async () => {
  const stage = new Stage();
  const first = stage.claim("a", "publish { on_conflict standby; }");
  await turn();
  const second = stage.claim("b", "publish { on_conflict standby; }");
  assertEquals(stage.heard.splice(0), ["a: takes", "a: won", "a: answered", "b: stands by"]);
  first.end();
  assertEquals(stage.heard, ["b: takes", "b: promoted"]);
  assertEquals([stage.cluster.found.length, stage.cluster.claims.size, stage.epochs], [1, 1, [1000, 1000]]);
  second.end();
  assertEquals(stage.cluster.claims.size, 0);
});

Deno.test("StreamClaim ends as busy where the stream cannot be had", async () => {
  const stage = new Stage();
  stage.isTaken = true;
  const taken = stage.claim("a");
  await turn();
  taken.end();
  stage.isTaken = false;
  stage.claim("b");
  await turn();
  stage.claim("c");
  assertEquals(stage.heard.slice(0, 4), ["a: busy, the source is taken", "a: answered", "b: takes", "b: won"]);
  assertEquals(stage.heard[5]?.startsWith("c: busy, "), true);
  assertEquals(stage.cluster.claims.size, 1);
});

Deno.test("StreamClaim does not take the refusal of a later request for a stream that is busy", async () => {
  const stage = new Stage();
  stage.heldRequest = "no second publish";
  const claim = stage.claim("a");
  await turn();
  assertEquals(stage.heard, ["a: takes", "a: won", "a: fault, no second publish", "a: answered"]);
  claim.end();
  assertEquals([stage.publishers.count, stage.cluster.claims.size], [0, 0]);
});

Deno.test("StreamClaim of two that come together: the second finds the first in place, which is to be found again", async () => {
  const stage = new Stage();
  stage.claim("a");
  stage.claim("b");
  await turn();
  assertEquals(stage.heard.map((text) => text.slice(0, 7)), ["a: take", "a: won", "a: answ", "b: busy", "b: answ"]);
  assertEquals([stage.cluster.claims.size, stage.cluster.announced], [1, 2]);
});

Deno.test("StreamClaim ends with whoever stands by when the cluster gives the stream to another server", async () => {
  const stage = new Stage();
  stage.claim("a", "publish { on_conflict standby; }");
  await turn();
  stage.claim("b", "publish { on_conflict standby; }");
  const [claim] = stage.cluster.claims;
  claim!.onLost("gone");
  assertEquals(stage.heard.slice(-2), ["b: lost, gone", "a: lost, gone"]);
  assertEquals([stage.publishers.count, stage.cluster.claims.size], [0, 0]);
});

Deno.test("StreamClaim asks the directory first, and wins where nobody has the stream", async () => {
  const stage = new Stage();
  stage.claim("a", cluster("reject"));
  assertEquals(stage.heard, []);
  await turn();
  assertEquals(stage.heard, ["a: takes", "a: won", "a: answered"]);
  assertEquals([stage.cluster.found.length, stage.cluster.announced, stage.epochs], [1, 1, [1000]]);
});

Deno.test("StreamClaim is refused under reject while another server has the stream, and takes it under takeover", async () => {
  const found = [];
  for (const policy of ["reject", "takeover"]) {
    const stage = new Stage();
    stage.cluster.owner = ownerAt(OWNER);
    stage.claim("a", cluster(policy));
    await turn();
    found.push(stage.heard[0]);
  }
  assertEquals(found, [`a: busy, stream /live/s is already published at origin ${OWNER}:1935`, "a: takes"]);
});

Deno.test("StreamClaim stands by for another origin, and takes the stream within 500 ms of its end", async () => {
  const stage = new Stage();
  stage.cluster.owner = ownerAt(OWNER);
  stage.claim("a", cluster("standby"));
  await stage.timers.run(1100);
  assertEquals([stage.heard.splice(0), stage.cluster.found.length], [["a: stands by", "a: answered"], 3]);
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

Deno.test("StreamClaim is lost as soon as it is taken where another server took the stream over meanwhile", async () => {
  const stage = new Stage();
  stage.claim("a", cluster("takeover"));
  let isLost = false;
  for (let step = 0; step < 20 && !isLost; step++) {
    await Promise.resolve();
    // Claimed in the cluster, and not yet here.
    for (const claim of stage.cluster.claims) {
      isLost = true;
      claim.onLost("gone");
    }
  }
  assertEquals([isLost, stage.heard], [true, []]);
  await turn();
  assertEquals(stage.heard, ["a: takes", "a: won", "a: lost, gone", "a: answered"]);
  assertEquals([stage.publishers.count, stage.cluster.claims.size], [0, 0]);
});

Deno.test("StreamClaim of a client that has left meanwhile: the one in place is to be found again", async () => {
  const stage = new Stage();
  stage.claim("a", cluster("takeover"));
  await turn();
  assertEquals([stage.cluster.claims.size, stage.cluster.announced], [1, 1]);
  stage.claim("b", cluster("takeover")).end();
  await turn();
  assertEquals([stage.publishers.count, stage.cluster.claims.size, stage.cluster.announced], [1, 1, 2]);
});
