import { every } from "../../../src/base/clock.ts";
import { turn } from "../../kit/memory/manual_timers.ts";
import { isInstalled } from "../../kit/tools.ts";
import { planClients } from "../actors/plan_clients.ts";
import { hlsAudience } from "../actors/hls_audience.ts";
import type { SimHlsViewer } from "../actors/hls_viewer.ts";
import { SimPlayer } from "../actors/player.ts";
import { SimPublisher, type Stage } from "../actors/publisher.ts";
import { CounterCheck } from "../checks/counter_check.ts";
import { FaultBook } from "../checks/fault_book.ts";
import { DrainCheck } from "../checks/drain_check.ts";
import { FeedCheck } from "../checks/feed_check.ts";
import { GapCheck, type GapSample } from "../checks/gap_check.ts";
import { checkQuiet } from "../checks/quiet_check.ts";
import { RivalCheck } from "../checks/rival_check.ts";
import { TailCheck } from "../checks/tail_check.ts";
import { describeFault } from "../faults/apply.ts";
import type { FaultPlan, Scenario } from "../scenario.ts";
import { SimLog } from "../sim_log.ts";
import { Truth } from "../truth.ts";
import { playableDay } from "./playable.ts";
import { RealCluster } from "./real_cluster.ts";
import { applyToProcess } from "./real_faults.ts";
import { Lateness } from "../../kit/lateness.ts";
import { RealTimers } from "./real_timers.ts";
import { whatIsLeft } from "./what_is_left.ts";

/** What a day of real processes showed. */
export interface RealOutcome {
  /** As it was played. */
  readonly scenario: Scenario;
  /** What of the day is missing, or different. */
  readonly leftOut: readonly string[];
  /** What must not happen, with time and who saw it; the first ones only. */
  readonly failures: readonly string[];
  readonly lines: readonly string[];
  readonly tookMs: number;
  /** That viewers got. */
  readonly frames: number;
  /** What viewers felt of faults that came alone. */
  readonly gaps: readonly GapSample[];
  /** So much later than it asked for this process was woken at most: what it measures is no better. */
  readonly lateMs: number;
}

/** Options of {@link runReal}. */
export interface RealOptions {
  /** Whether the lines are wanted. */
  readonly keepsLog?: boolean;
  /** After the end of a day, for those who come again. */
  readonly eveningMs?: number;
  /** After the last fault, for health checks, leases and back-offs of all kinds. */
  readonly settleMs?: number;
  /** Then all is looked at for so long. */
  readonly quietMs?: number;
  /** Whether to wait, after the end, until servers have let go of what was watched by HLS, too. */
  readonly awaitsLinger?: boolean;
}

/** What a machine may take for all that nothing is promised for: it runs a dozen processes on its few cores. */
const SLACK_MS = 1500;
/** Where timers were late here, servers were, too, one after the other. */
const LATE_FACTOR = 3;
/** A machine that is later than this in quiet is too busy for what servers say of each other. */
const MAX_LATE_MS = 400;
/** Of what travels from one process to another, for the same reason. */
const WAY_MS = 100;
const LOOK_MS = 1000;
/** Pause before what must be over by then. */
const MOMENT_MS = 100;
/** Servers are asked for what they know; answers take no longer. */
const ASK_MS = 10_000;
/** Until everything is gone after the last client has left. */
const LEAVE_MS = 15_000;
/** Where somebody has watched by HLS, servers keep streams for so long, and twice the window. */
const HLS_LINGER_MS = 10_000;
const MAX_FAILURES = 10;

/** Plays a day with processes of this machine, as far as that is possible, in as much time as it takes. */
export async function runReal(drawn: Scenario, options: RealOptions = {}): Promise<RealOutcome> {
  const { scenario, leftOut } = playableDay(drawn, { hasEngine: isInstalled("redis-server") });
  const timers = new RealTimers();
  let onFault = (_who: string, _text: string) => {};
  let startedMs = timers.nowMs();
  const log = new SimLog(() => timers.nowMs() - startedMs, options.keepsLog ?? false);
  await using cluster = await RealCluster.start(scenario, { timers, log, onFault: (who, text) => onFault(who, text) });
  startedMs = timers.nowMs();
  const day = new RealDay(scenario, cluster, log);
  onFault = (who, text) => day.fail(who, text);
  const onStray = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    day.fail("stray", event.reason instanceof Error ? event.reason.stack ?? "" : String(event.reason));
  };
  globalThis.addEventListener("unhandledrejection", onStray);
  try {
    await day.play(options);
    await turn();
  } finally {
    globalThis.removeEventListener("unhandledrejection", onStray);
  }
  return { ...day.outcome(), leftOut: [...leftOut, ...day.unjudged], tookMs: timers.nowMs() - startedMs };
}

class RealDay {
  readonly #scenario: Scenario;
  readonly #cluster: RealCluster;
  readonly #log: SimLog;
  readonly #truth = new Truth();
  readonly #faults = new FaultBook();
  readonly #startMs: number;
  readonly #failures: string[] = [];
  readonly #gaps: ReadonlyMap<string, GapCheck>;
  readonly #feeds: FeedCheck;
  readonly #rivals: RivalCheck;
  readonly #publishers: SimPublisher[];
  readonly #players: SimPlayer[];
  readonly #hlsViewers: SimHlsViewer[];
  readonly #counters: CounterCheck;
  /** Faults that are to come, or to be mended. */
  readonly #mending: Promise<void>[] = [];
  readonly #lateness: Lateness;
  #areCountersJudged = true;
  /** What could not be judged. */
  readonly unjudged: string[] = [];

  constructor(scenario: Scenario, cluster: RealCluster, log: SimLog) {
    this.#scenario = scenario;
    this.#cluster = cluster;
    this.#log = log;
    this.#startMs = cluster.nowMs;
    this.#lateness = new Lateness(cluster.timers);
    const [truth, faults, { weather }] = [this.#truth, this.#faults, scenario];
    const onFault = (who: string, text: string) => this.fail(who, text);
    const slackMs = () => SLACK_MS + LATE_FACTOR * this.#lateness.recentMs;
    const context = { truth, faults, weather, slackMs, nowMs: () => cluster.nowMs };
    this.#gaps = new Map(
      scenario.players.map((plan) => [plan.name, new GapCheck(plan, context, (text) => onFault(plan.name, text))]),
    );
    this.#feeds = new FeedCheck(faults, onFault);
    this.#rivals = new RivalCheck({ truth, faults }, WAY_MS, onFault);
    const calm = () => this.#players.filter(({ isThere, plan: { pauseMs } }) => isThere && pauseMs === 0);
    const stage: Stage = {
      cluster,
      truth,
      log,
      onConflict: scenario.onConflict,
      eveningMs: this.#startMs + scenario.dayMs,
      gaps: this.#gaps,
      feeds: this.#feeds,
      tails: new TailCheck(WAY_MS, () => calm().map(({ tail }) => tail), onFault),
      rivals: this.#rivals,
      drains: new DrainCheck(faults, onFault),
    };
    this.#publishers = scenario.publishers.map((plan) => new SimPublisher(plan, stage));
    this.#players = scenario.players.map((plan) => new SimPlayer(plan, stage, (text) => onFault(plan.name, text)));
    this.#hlsViewers = hlsAudience(scenario, stage, context, onFault);
    const knowsCoworkers = scenario.discovery !== "engine";
    this.#counters = new CounterCheck({ cluster, truth, players: this.#players, knowsCoworkers }, (who, text) => {
      if (this.#areCountersJudged) this.fail(who, text);
    });
  }

  fail(who: string, text: string): void {
    this.#log.add(who, `FAILURE: ${text}`);
    const atMs = this.#cluster.nowMs - this.#startMs;
    if (this.#failures.length < MAX_FAILURES) this.#failures.push(`${(atMs / 1000).toFixed(3)} s: ${who} ${text}`);
  }

  async play({ eveningMs = 6000, settleMs = 12_000, quietMs = 5000, awaitsLinger = true }: RealOptions): Promise<void> {
    const { timers } = this.#cluster;
    const { dayMs, faults, onConflict, publishers, weather } = this.#scenario;
    planClients(timers, {
      publishers: this.#publishers,
      players: this.#players,
      hlsViewers: this.#hlsViewers,
    });
    timers.after(dayMs, () => this.#mending.push(this.#cluster.joinAll()));
    for (const fault of faults) timers.after(fault.atMs, () => this.#mending.push(this.#bring(fault)));
    const looks = every(timers, LOOK_MS, () => this.#look());
    const lastMs = Math.max(dayMs, ...faults.map(({ atMs, lastsMs }) => atMs + lastsMs));
    await timers.pass(lastMs);
    // What comes last may come together with us.
    await timers.pass(MOMENT_MS);
    await Promise.all(this.#mending);
    await timers.pass(Math.max(dayMs + eveningMs - lastMs, faults.length > 0 ? settleMs : 0));
    for (const player of this.#players) player.beginQuiet();
    await timers.pass(quietMs);
    const onFault = (who: string, text: string) => this.fail(who, text);
    checkQuiet(this.#players, {
      truth: this.#truth,
      weather,
      nowMs: this.#cluster.nowMs,
      slackMs: SLACK_MS + LATE_FACTOR * this.#lateness.recentMs,
    }, onFault);
    this.#rivals.endQuiet(onConflict === "standby" ? [] : new Set(publishers.map(({ stream }) => stream)));
    await this.#checkCounters();
    for (const client of [...this.#players, ...this.#hlsViewers, ...this.#publishers]) client.leave();
    looks.cancel();
    this.#lateness[Symbol.dispose]();
    await this.#checkEnd(awaitsLinger);
    await Promise.all(Array.from(this.#cluster.servers.values(), (server) => server.stop()));
  }

  outcome(): Omit<RealOutcome, "leftOut" | "tookMs"> {
    return {
      scenario: this.#scenario,
      failures: this.#failures,
      lines: this.#log.lines,
      frames: this.#players.reduce((sum, { frames }) => sum + frames, 0),
      gaps: [...this.#gaps.values()].flatMap((gaps) => gaps.samples()),
      lateMs: this.#lateness.worstMs,
    };
  }

  /** Once a second. */
  #look(): void {
    const { nowMs } = this.#cluster;
    this.#feeds.look(nowMs);
    this.#rivals.look(nowMs);
  }

  /** What servers say of each other; a machine that leaves them no time makes them say that others do not answer. */
  async #checkCounters(): Promise<void> {
    const { timers } = this.#cluster;
    const { recentMs } = this.#lateness;
    if (recentMs > MAX_LATE_MS) {
      this.unjudged.push(`what the API counts: this machine was late by ${recentMs.toFixed(0)} ms in quiet`);
      return;
    }
    if (!await timers.within(ASK_MS, this.#counters.look())) this.fail("servers", "the API does not answer");
    this.#areCountersJudged = false;
  }

  /** A fault, from its begin until all is whole again. */
  async #bring(fault: FaultPlan): Promise<void> {
    const { timers } = this.#cluster;
    this.#log.add(fault.name, describeFault(fault));
    this.#truth.disturbedMs = this.#cluster.nowMs + fault.lastsMs;
    const record = this.#faults.begin(fault, this.#cluster.nowMs);
    const mend = await applyToProcess(fault, this.#cluster, this.#scenario.seed);
    await timers.pass(record.sinceMs + fault.lastsMs - this.#cluster.nowMs);
    await mend();
    this.#log.add(fault.name, "is over");
    record.untilMs = this.#truth.disturbedMs = this.#cluster.nowMs;
  }

  /** After all have left, servers know of nobody. */
  async #checkEnd(awaitsLinger: boolean): Promise<void> {
    const { timers, servers, ports } = this.#cluster;
    const { hls } = this.#scenario;
    const isLeft = awaitsLinger || hls === null ? "all" : "people";
    for (let leftMs = LEAVE_MS + (hls === null ? 0 : HLS_LINGER_MS + 2 * hls.windowMs);; leftMs -= LOOK_MS) {
      await timers.pass(LOOK_MS);
      const left = await Promise.all(
        Array.from(servers.values(), async ({ name, ip }) => [name, await whatIsLeft(ip, ports.api, isLeft)] as const),
      );
      const some = left.filter(([, text]) => text !== "");
      if (some.length === 0) return;
      if (leftMs <= 0) return some.forEach(([name, text]) => this.fail(name, `has ${text} after all have left`));
    }
  }
}
