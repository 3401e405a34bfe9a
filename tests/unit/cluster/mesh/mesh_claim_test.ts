import type { ClaimMode, Owner, StreamRef } from "../../../../src/cluster/directory.ts";
import { ownerQuery } from "../../../../src/cluster/owner_query.ts";
import { MeshClaim } from "../../../../src/cluster/mesh/mesh_claim.ts";
import { assertEquals } from "../../../kit/assert.ts";
import { ownerAt, streamIn } from "../../../kit/peers/cluster_answers.ts";
import { ManualTimers, turn } from "../../../kit/memory/manual_timers.ts";
import { TestLog } from "../../../kit/test_log.ts";

/** A claim of this server, and what its coworkers have. */
class Stage {
  readonly timers = new ManualTimers();
  readonly log = new TestLog();
  readonly told: string[] = [];
  readonly lost: string[] = [];
  others: readonly Owner[] = [];
  mode: ClaimMode = "first";
  silent = 0;
  isDraining = false;
  hears = true;
  ended = 0;
  readonly cameMs = this.timers.nowMs();

  claim(owner: Owner | null = null): MeshClaim {
    const context = {
      timers: this.timers,
      log: this.log,
      instance: "m",
      isDraining: () => this.isDraining,
      query: (stream: StreamRef) => ownerQuery(stream, ["10.0.0.2:1985"]),
      find: () => Promise.resolve(this.others),
      claims: {
        claim: (coworker: string) => {
          this.told.push(coworker);
          return Promise.resolve(this.hears);
        },
      },
    };
    return new MeshClaim(context, streamIn("cluster { origin_cluster on; coworkers 10.0.0.2:1985; }"), {
      mode: () => this.mode,
      sinceMs: this.cameMs,
      epoch: this.cameMs,
      silentMs: () => this.silent,
      owner,
      isUnheard: false,
      onLost: (reason) => void this.lost.push(reason),
      onAnnounce: () => {},
      onEnd: () => void this.ended++,
    });
  }

  rival(sinceMs: number, facts: Partial<Owner> = {}): Owner {
    return ownerAt("10.0.0.2", { sinceMs: this.cameMs + sinceMs, instance: "x", ...facts });
  }
}

const cases: { name: string; rivalMs: number; facts?: Partial<Stage>; rival?: Partial<Owner>; gives: boolean }[] = [
  { name: "to an older one under reject", rivalMs: -1, gives: true },
  { name: "not to a newer one under reject", rivalMs: 1, gives: false },
  { name: "to a newer one under takeover", rivalMs: 1, facts: { mode: "takeover" }, gives: true },
  { name: "not to an older one under takeover", rivalMs: -1, facts: { mode: "takeover" }, gives: false },
  { name: "to any when its own publisher is silent", rivalMs: 1, facts: { silent: 1000 }, gives: true },
  { name: "not to a silent one", rivalMs: -1, rival: { silentMs: 1000 }, gives: false },
  { name: "to a newer one when this server stops", rivalMs: 1, facts: { isDraining: true }, gives: true },
  { name: "not to one from the future", rivalMs: 61_000, facts: { mode: "takeover" }, gives: false },
  {
    name: "not to SRS, which does not tell when its publisher came",
    rivalMs: 0,
    rival: { sinceMs: undefined! },
    gives: false,
  },
];

for (const { name, rivalMs, facts = {}, rival = {}, gives } of cases) {
  Deno.test(`MeshClaim gives way ${name}`, async () => {
    const stage = Object.assign(new Stage(), facts);
    stage.others = [stage.rival(rivalMs, rival)];
    stage.claim().announce();
    await turn();
    assertEquals([stage.lost.length, stage.ended], gives ? [1, 1] : [0, 0]);
    const isTold = !gives && !name.includes("SRS");
    assertEquals(stage.told, isTold ? ["10.0.0.2:1985"] : []);
  });
}

Deno.test("MeshClaim tells the owner that it replaces, again until that one hears, and no more once it is over", async () => {
  const stage = new Stage();
  stage.mode = "takeover";
  stage.hears = false;
  const claim = stage.claim(stage.rival(-1));
  claim.announce();
  await stage.timers.run(7500);
  assertEquals(stage.told.length, 4);
  stage.hears = true;
  await stage.timers.run(60_000);
  assertEquals(stage.told.length, 5);
  stage.hears = false;
  const other = stage.claim(stage.rival(-1));
  other.announce();
  await turn();
  other[Symbol.dispose]();
  await stage.timers.run(60_000);
  assertEquals([stage.told.length, stage.timers.pendingCount], [6, 0]);
});

Deno.test("MeshClaim of a server that stood still gives way to whoever has the stream, under each policy", async () => {
  for (const [mode, rivalMs] of [["first", 1], ["takeover", -1]] as const) {
    const stage = new Stage();
    stage.mode = mode;
    const claim = stage.claim();
    claim.announce();
    await turn();
    stage.others = [stage.rival(rivalMs)];
    const checked = claim.check();
    assertEquals(claim.silentMs(), Infinity);
    await checked;
    assertEquals([stage.lost.length, stage.told], [1, []]);
    const kept = new Stage().claim();
    await kept.check();
    assertEquals(kept.silentMs(), 0);
  }
});

Deno.test("MeshClaim that hears of a newer publish looks for it, and gives way to that one alone, whoever came first", async () => {
  const stage = new Stage();
  stage.claim().announce();
  const claim = stage.claim();
  const newer = (epoch: number) => stage.rival(1, { epoch: stage.cameMs + epoch });
  claim.recheck(stage.cameMs + 5);
  stage.others = [newer(5)];
  await turn();
  assertEquals(stage.lost, [], "two that have just come find out by themselves");
  stage.timers.advance(5000);
  stage.others = [newer(-5)];
  claim.recheck(stage.cameMs);
  await turn();
  claim.recheck(stage.cameMs + 5);
  await turn();
  assertEquals([stage.lost, claim.silentMs()], [[], 0], "it is an older one");
  stage.others = [newer(5)];
  claim.recheck(stage.cameMs + 5);
  await turn();
  assertEquals(stage.lost, [], "it has just looked");
  stage.timers.advance(5000);
  claim.recheck(stage.cameMs + 5);
  await turn();
  assertEquals(stage.lost.length, 1);
});
