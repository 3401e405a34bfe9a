import type { Timers } from "../../src/base/clock.ts";
import { turn } from "../kit/memory/manual_timers.ts";
import { SimAttacker } from "./actors/attacker.ts";
import { planClients } from "./actors/plan_clients.ts";
import { hlsAudience } from "./actors/hls_audience.ts";
import type { SimHlsViewer } from "./actors/hls_viewer.ts";
import { SimPlayer } from "./actors/player.ts";
import { SimPublisher, type Stage } from "./actors/publisher.ts";
import { FaultBook } from "./checks/fault_book.ts";
import { GapCheck, type GapSample } from "./checks/gap_check.ts";
import { BoundsCheck } from "./checks/bounds_check.ts";
import { CounterCheck } from "./checks/counter_check.ts";
import { checkEnd, checkStopped } from "./checks/end_check.ts";
import { DrainCheck } from "./checks/drain_check.ts";
import { EngineCheck } from "./checks/engine_check.ts";
import { FeedCheck } from "./checks/feed_check.ts";
import { checkQuiet } from "./checks/quiet_check.ts";
import { Peaks } from "./checks/peaks.ts";
import { QuestionCheck } from "./checks/question_check.ts";
import { RivalCheck } from "./checks/rival_check.ts";
import { TailCheck } from "./checks/tail_check.ts";
import { applyFault, describeFault } from "./faults/apply.ts";
import type { Scenario, SrsMood } from "./scenario.ts";
import { SimLog } from "./sim_log.ts";
import { Truth } from "./truth.ts";
import { SimCluster } from "./world/cluster.ts";

/** What a run of a scenario showed. */
export interface Outcome {
  readonly scenario: Scenario;
  /** What must not happen, with time and who saw it; the first ones only. */
  readonly failures: readonly string[];
  /** Of everything that happened. */
  readonly hash: string;
  readonly lines: readonly string[];
  readonly simulatedMs: number;
  /** That viewers got. */
  readonly frames: number;
  /** What viewers felt of faults that came alone. */
  readonly gaps: readonly GapSample[];
  /** The most that was seen of what has a bound. */
  readonly peaks: Peaks;
}

/** After the last fault: for health checks, leases and back-offs of all kinds. */
const SETTLE_MS = 12_000;
/** After the end of a day: for those who come again. */
const EVENING_MS = 6000;
/** Then all is looked at for so long. */
const QUIET_MS = 5000;
/** Until everything is gone after the last client has left. */
const LEAVE_MS = 15_000;
/** Where somebody has watched by HLS, servers keep streams for so long, and twice the window. */
const HLS_LINGER_MS = 10_000;
/** A server whose viewers lost their power learns of it so late, where it has nothing to send. */
const KEPT_MS = 120_000;
/** It takes no less: then all is looked at for the first time. */
const LEFT_MS = 2000;
/** Servers are looked at so often. */
const LOOK_MS = 1000;
/** In quiet they are asked for what they know, more than once if need be; that takes no longer. */
const ASK_MS = 8000;
/** It is looked so often whether something has ended. */
const STEP_MS = 250;
/** A question between servers waits no longer. */
const HELD_MS = 20_000;
const MAX_FAILURES = 10;

/** Plays a day, and the quiet after it. @param keepsLog Whether the lines are wanted, and not only their hash. */
export async function runScenario(scenario: Scenario, { keepsLog = false } = {}): Promise<Outcome> {
  const day = new Day(scenario, keepsLog);
  const onStray = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    day.fail("stray", event.reason instanceof Error ? event.reason.stack ?? "" : String(event.reason));
  };
  globalThis.addEventListener("unhandledrejection", onStray);
  try {
    await day.play();
    await turn();
  } finally {
    globalThis.removeEventListener("unhandledrejection", onStray);
  }
  return day.outcome();
}

class Day {
  readonly #scenario: Scenario;
  readonly #cluster: SimCluster;
  readonly #truth = new Truth();
  readonly #log: SimLog;
  readonly #stage: Stage;
  readonly #publishers: SimPublisher[];
  readonly #players: SimPlayer[];
  readonly #hlsViewers: SimHlsViewer[];
  readonly #attackers: SimAttacker[];
  readonly #failures: string[] = [];
  readonly #startMs: number;
  readonly #peaks = new Peaks();
  readonly #feeds: FeedCheck;
  readonly #rivals: RivalCheck;
  readonly #bounds: BoundsCheck;
  readonly #questions: QuestionCheck;
  readonly #engine: EngineCheck;
  readonly #counters: CounterCheck;
  readonly #faults = new FaultBook();
  readonly #gaps: ReadonlyMap<string, GapCheck>;

  constructor(scenario: Scenario, keepsLog: boolean) {
    this.#scenario = scenario;
    let clock = () => 0;
    this.#log = new SimLog(() => clock(), keepsLog);
    this.#cluster = new SimCluster(scenario, this.#log);
    const startMs = this.#startMs = this.#cluster.nowMs;
    clock = () => this.#cluster.nowMs - startMs;
    const { weather } = scenario;
    const context = { truth: this.#truth, faults: this.#faults, weather, nowMs: () => this.#cluster.nowMs };
    this.#gaps = new Map(
      scenario.players.map((plan) => [plan.name, new GapCheck(plan, context, (text) => this.fail(plan.name, text))]),
    );
    const onFault = (who: string, text: string) => this.fail(who, text);
    const [cluster, truth, peaks] = [this.#cluster, this.#truth, this.#peaks];
    this.#feeds = new FeedCheck(this.#faults, onFault);
    const wayMs = weather.latencyMs + weather.jitterMs;
    this.#rivals = new RivalCheck({ truth, faults: this.#faults }, wayMs, onFault);
    const calm = () =>
      this.#players.filter(({ isThere, plan: { lineBytesPerMs, pauseMs } }) =>
        isThere && lineBytesPerMs + pauseMs === 0
      );
    const tails = new TailCheck(wayMs, () => calm().map(({ tail }) => tail), onFault);
    this.#bounds = new BoundsCheck(scenario, { cluster, log: this.#log, peaks }, onFault);
    this.#questions = new QuestionCheck({ cluster, encoders: scenario.publishers.length }, peaks, onFault);
    this.#engine = new EngineCheck({ cluster, truth, peaks }, onFault);
    const { onConflict, dayMs } = scenario;
    this.#stage = {
      cluster: this.#cluster,
      truth: this.#truth,
      log: this.#log,
      onConflict,
      eveningMs: startMs + dayMs,
      gaps: this.#gaps,
      feeds: this.#feeds,
      tails,
      rivals: this.#rivals,
      drains: new DrainCheck(this.#faults, onFault),
    };
    this.#publishers = scenario.publishers.map((plan) => new SimPublisher(plan, this.#stage));
    this.#players = scenario.players.map((plan) =>
      new SimPlayer(plan, this.#stage, (text) => this.fail(plan.name, text))
    );
    this.#hlsViewers = hlsAudience(scenario, this.#stage, context, onFault);
    const knowsCoworkers = scenario.discovery !== "engine";
    this.#counters = new CounterCheck({ cluster, truth, players: this.#players, knowsCoworkers }, onFault);
    this.#attackers = scenario.attackers.map((plan) =>
      new SimAttacker(plan, { ...this.#stage, cluster: this.#cluster }, scenario.seed)
    );
  }

  fail(who: string, text: string): void {
    this.#log.add(who, `FAILURE: ${text}`);
    const atMs = this.#cluster.nowMs - this.#startMs;
    if (this.#failures.length < MAX_FAILURES) this.#failures.push(`${(atMs / 1000).toFixed(3)} s: ${who} ${text}`);
  }

  async play(): Promise<void> {
    const { network } = this.#cluster;
    const onFault = (who: string, text: string) => this.fail(who, text);
    if (this.#isAmongItself) this.#questions.begin();
    this.#cluster.start();
    this.#plan();
    const watch = new LookEvery(network.timers, () => this.#look());
    await network.run(quietMs(this.#scenario));
    for (const player of this.#players) player.beginQuiet();
    if (this.#isAmongItself) this.#questions.beginQuiet();
    this.#engine.beginQuiet();
    await network.run(QUIET_MS);
    checkQuiet(
      this.#players,
      { truth: this.#truth, weather: this.#scenario.weather, nowMs: this.#cluster.nowMs },
      onFault,
    );
    this.#engine.endQuiet();
    this.#rivals.endQuiet(this.#singleStreams());
    if (this.#isAmongItself) this.#questions.endQuiet(this.#countWaits());
    const { srs, attackers } = this.#scenario;
    if (srs.length + attackers.length === 0) {
      await this.#within(ASK_MS, "the API does not answer", this.#counters.look());
    }
    for (const player of this.#players) player.leave();
    for (const client of [...this.#publishers, ...this.#hlsViewers]) client.leave();
    await network.run(LEFT_MS);
    const lingerMs = this.#scenario.hls === null ? 0 : HLS_LINGER_MS + 2 * this.#scenario.hls.windowMs;
    const keptMs = this.#scenario.faults.some(({ kind }) => kind === "powerCut") ? KEPT_MS : 0;
    for (
      let leftMs = LEAVE_MS + lingerMs + keptMs - LEFT_MS;
      leftMs > 0 && !hasEnded(this.#cluster);
      leftMs -= LOOK_MS
    ) {
      await network.run(LOOK_MS);
    }
    // Who has asked a question may be gone before its answer: that is not seen.
    if (holdsQuestions(this.#cluster)) await network.run(HELD_MS);
    checkEnd(this.#cluster, onFault);
    watch[Symbol.dispose]();
    const stopping = [...this.#cluster.servers.values()].map((server) => server.stop());
    await this.#within(5000, "some do not stop", Promise.all(stopping));
    for (const srs of this.#cluster.srs.values()) srs.stop((host) => network.cutOff(host));
    checkStopped(this.#cluster, onFault);
  }

  /** Lets time pass, in which something is to come to its end: where time stands still, nothing does. */
  async #within(ms: number, failure: string, promise: Promise<unknown>): Promise<void> {
    let isOver = false;
    const over = promise.then(() => isOver = true);
    for (let leftMs = ms; leftMs > 0 && !isOver; leftMs -= STEP_MS) await this.#cluster.network.run(STEP_MS);
    await turn();
    if (isOver) await over;
    else this.fail("servers", failure);
  }

  #look(): void {
    this.#feeds.look(this.#cluster.nowMs);
    this.#rivals.look(this.#cluster.nowMs);
    if (this.#scenario.attackers.length === 0) this.#bounds.look();
    if (this.#isAmongItself) this.#questions.look();
  }

  /** Nobody else has a part in it, and all know each other from the start: what servers say and ask can be told exactly. */
  get #isAmongItself(): boolean {
    const { srs, attackers, latecomers, discovery, players, publishers, hls } = this.#scenario;
    return hls === null && srs.length + attackers.length + latecomers === 0 && discovery === "list" &&
      players.every(({ kind, follows }) => kind !== "srsEdge" && !follows) &&
      publishers.every(({ silences }) => silences.length === 0);
  }

  /** Streams that one encoder at a time may publish: an SRS lets nobody go. */
  #singleStreams(): Set<string> {
    const { onConflict, publishers } = this.#scenario;
    return new Set(
      onConflict === "standby" ? [] : publishers.filter(({ home }) => home === "").map(({ stream }) => stream),
    );
  }

  /** Streams that nobody publishes and somebody waits for, each counted for each server where he does; null while encoders try. */
  #countWaits(): number | null {
    const isStandby = ({ session, plan }: SimPublisher) => session !== null && this.#truth.live(plan.stream).length > 1;
    // Encoders that are refused, or on standby, look for their stream over and over.
    if (this.#publishers.some((publisher) => publisher.isRefused || isStandby(publisher))) return null;
    // They take turns.
    if (this.#truth.sessions.some(({ sinceMs }) => this.#cluster.nowMs - sinceMs < QUIET_MS)) return null;
    const waits = this.#players.filter(({ isThere, plan }) => isThere && this.#truth.live(plan.stream).length === 0);
    return new Set(waits.map(({ plan }) => `${plan.server} ${plan.stream}`)).size;
  }

  outcome(): Outcome {
    return {
      scenario: this.#scenario,
      failures: this.#failures,
      hash: this.#log.hash,
      lines: this.#log.lines,
      simulatedMs: this.#cluster.nowMs - this.#startMs,
      peaks: this.#peaks,
      gaps: [...this.#gaps.values()].flatMap((gaps) => gaps.samples()),
      frames: this.#players.reduce((sum, { frames }) => sum + frames, 0),
    };
  }

  #plan(): void {
    const { timers } = this.#cluster.network;
    timers.after(this.#scenario.dayMs, () => this.#cluster.joinAll());
    planClients(timers, {
      publishers: this.#publishers,
      players: this.#players,
      hlsViewers: this.#hlsViewers,
    });
    for (const { name, moods } of this.#scenario.srs) {
      const srs = this.#cluster.srs.get(name)!;
      for (const { mood, atMs, lastsMs } of moods) {
        const change = (to: SrsMood) => {
          this.#log.add(name, to);
          srs.mood = to;
        };
        timers.after(atMs, () => {
          this.#truth.disturbedMs = this.#cluster.nowMs + lastsMs;
          change(mood);
        });
        timers.after(atMs + lastsMs, () => change("well"));
      }
    }
    for (const attacker of this.#attackers) {
      const { atMs, lastsMs } = attacker.plan;
      timers.after(atMs, () => attacker.start());
      timers.after(atMs + lastsMs, () => attacker.stop());
    }
    for (const fault of this.#scenario.faults) {
      timers.after(fault.atMs, () => {
        this.#log.add(fault.name, describeFault(fault));
        this.#truth.disturbedMs = this.#cluster.nowMs + fault.lastsMs;
        const record = this.#faults.begin(fault, this.#cluster.nowMs);
        const mend = applyFault(fault, this.#cluster, this.#scenario.seed);
        timers.after(fault.lastsMs, () => {
          this.#log.add(fault.name, "is over");
          record.untilMs = this.#cluster.nowMs;
          mend();
        });
      });
    }
  }
}

/** When nothing changes any more, after the begin. */
function quietMs({ dayMs, faults, srs, attackers }: Scenario): number {
  const troubles = [...faults, ...attackers, ...srs.flatMap(({ moods }) => moods)];
  return Math.max(dayMs + EVENING_MS, ...troubles.map(({ atMs, lastsMs }) => atMs + lastsMs + SETTLE_MS));
}

/** Nothing is left of anybody. */
function hasEnded(cluster: SimCluster): boolean {
  let isLeft = false;
  checkEnd(cluster, () => isLeft = true);
  return !isLeft && !holdsQuestions(cluster);
}

function holdsQuestions({ servers }: SimCluster): boolean {
  return [...servers.values()].some(({ running }) => (running?.server.heldQuestions.count ?? 0) > 0);
}

/** Looks at something over and over. */
class LookEvery implements Disposable {
  #isOver = false;

  constructor(timers: Timers, look: () => void) {
    const again = () =>
      timers.after(LOOK_MS, () => {
        if (this.#isOver) return;
        look();
        again();
      });
    again();
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
  }
}
