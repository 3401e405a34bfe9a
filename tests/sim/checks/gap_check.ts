import type { FaultKind, PlayerPlan, Weather } from "../scenario.ts";
import type { Truth } from "../truth.ts";
import { FaultBook, type FaultRecord } from "./fault_book.ts";
import { lackOf, type Span, supplySpans } from "./stream_supply.ts";

/** What one viewer felt of one fault. */
export interface GapSample {
  /** What went wrong, and where. */
  readonly name: string;
  /** Longest time without frames. */
  readonly gapMs: number;
  /** Longest part of such a time in which the stream could have been had. */
  readonly owedMs: number;
}

/** Where another server has the stream, or the encoder has come back, it takes no longer. */
const SWITCH_MS = 400;
/** From the moment on that it can be had again. */
const RETURN_MS = 300;
/** `mw_latency`: what is published waits so long for company; and where an operator changes it. */
const FLUSH_MS = 350;
const CHANGED_FLUSH_MS = 900;
/** Default of `idle_timeout`: the silence that an edge bears where pauses are usual. */
const IDLE_MS = 3000;
/** The least it bears. */
const MIN_IDLE_MS = 1000;
/** So many times the usual pause is unusual. */
const UNUSUAL = 3;
/** So long an edge must have seen a stream to know its pauses. */
const KNOWN_MS = 12_000;
/** Where nothing got through, an attempt to connect is repeated so late by TCP, or given up and made again. */
const RECONNECT_MS = 1200;
/** Ways there and back until media flow from a server that was not spoken to before: a redirect, and twice a connection. */
const TURNS = 8;
/** Where a pull begins, the best origin has a head start of 150 ms over the next, and the one that has the stream may be the fourth. */
const BEGIN_MS = 450;
/** An edge waits 5 s for a newer publish before it takes an older one, as that of a server looks whose clock is behind, and comes again. */
const OLDER_MS = 7000;
/** After an origin has joined that the others find by its name: it asks one of them within a second, who looks the name up. */
const JOIN_MS = 2500;
/** Encoders that replace each other more often than this within {@link FIGHT_MS} fight: edges leave such streams alone for a while. */
const MAX_CHANGES = 2;
const FIGHT_MS = 10_000;
/** Shorter ones are no gaps. */
const NOTED_MS = 100;
/** Whoever stops in one of these ways says nothing: only silence tells. */
const SILENT: ReadonlySet<FaultKind> = new Set(["freeze", "powerCut", "partition", "oneWay"]);
/** What is sent is lost. */
const LOSING: ReadonlySet<FaultKind> = new Set(["powerCut", "partition", "oneWay"]);
/** Nobody watches at a server to which this happens. */
const STOPPING: ReadonlySet<FaultKind> = new Set(["kill", "powerCut", "freeze", "drain", "apiDrain", "kick"]);

/** What the gaps of a day are judged by. */
export interface GapContext {
  readonly truth: Truth;
  readonly faults: FaultBook;
  readonly weather: Weather;
  /** What else may take time, as a machine that has others to do. */
  slackMs?(): number;
  nowMs(): number;
}

/**
 * Times without frames of one viewer, judged as they end, at any moment of the day. The promise holds where one fault at
 * most is felt, and not at the viewer's own server: as long as the stream can be had (somebody publishes it at a server
 * that runs and is reached), nobody waits longer than
 * - 0.4 s where it could be had all the time, or `idle_timeout` more where its server went silent;
 * - 0.3 s after it can be had again, or 1.2 s more where nothing got through: TCP repeats an attempt to connect after 1 s;
 * - 2.8 s after its origin has joined;
 * and what lines, flushes and the encoder's bursts take; where a clock was just changed, 7 s more.
 */
export class GapCheck {
  readonly #plan: PlayerPlan;
  readonly #context: GapContext;
  readonly #onFault: (text: string) => void;
  readonly #gaps: Span[] = [];
  /** When it connected, or the last frame came. */
  #lastMs = 0;
  #connectedMs = -Infinity;
  /** Since when there was no unusual pause. */
  #steadySinceMs = 0;
  #hasFrame = false;
  #burstMs = 0;

  constructor(plan: PlayerPlan, context: GapContext, onFault: (text: string) => void) {
    this.#plan = plan;
    this.#context = context;
    this.#onFault = onFault;
  }

  /** A new connection. */
  connect(): void {
    const nowMs = this.#context.nowMs();
    // It gave up, or was cut, and came again after a pause.
    if (this.#connectedMs >= 0) this.#judge({ fromMs: this.#lastMs, toMs: nowMs - this.#plan.returnMs });
    this.#connectedMs = this.#lastMs = this.#steadySinceMs = nowMs;
    this.#hasFrame = false;
  }

  /** A frame has come. @param burstMs Between two bursts of its encoder. */
  frame(burstMs: number): void {
    const nowMs = this.#context.nowMs();
    const fromMs = this.#lastMs;
    this.#lastMs = nowMs;
    if (nowMs - fromMs >= NOTED_MS) {
      this.#burstMs = Math.max(this.#burstMs, burstMs);
      this.#judge({ fromMs, toMs: nowMs });
      this.#burstMs = burstMs;
    }
    this.#hasFrame = true;
  }

  /** What it felt of each fault that came alone. */
  samples(): GapSample[] {
    const { faults, truth, nowMs } = this.#context;
    const plan = this.#plan;
    return faults.records.flatMap((record) => {
      const { sinceMs } = record;
      const endMs = FaultBook.endMs(record);
      const role = this.#roleOf(record);
      const isThere = this.#connectedMs < sinceMs - KNOWN_MS / 4 && this.#lastMs > sinceMs;
      if (!isPlain(plan) || role === null || !isThere || !faults.isAlone(record, nowMs())) return [];
      const felt = this.#gaps.filter(({ fromMs, toMs }) => toMs > sinceMs && fromMs < endMs);
      if (felt.length === 0) return [];
      const owed = felt.flatMap((gap) => supplySpans(truth, plan, record, gap));
      const longest = (spans: readonly Span[]) =>
        spans.reduce((most, { fromMs, toMs }) => Math.max(most, toMs - fromMs), 0);
      return [{ name: `${record.plan.kind} of ${role}`, gapMs: longest(felt), owedMs: longest(owed) }];
    });
  }

  #judge(gap: Span): void {
    const { truth, faults, weather } = this.#context;
    const plan = this.#plan;
    if (!isCalm(plan) || gap.toMs <= gap.fromMs) return;
    this.#gaps.push(gap);
    const wayMs = weather.latencyMs + weather.jitterMs;
    const leastMs = FLUSH_MS + this.#burstMs + 2 * wayMs;
    // Most are the pause between two flushes, which is neither unusual nor late.
    if (gap.toMs - gap.fromMs <= Math.min(1.5 * leastMs, SWITCH_MS + leastMs)) return;
    const felt = faults.during(gap.fromMs, gap.toMs);
    const [fault = null] = felt;
    const isChanged = fault?.plan.kind === "reload" && fault.plan.setting === "mwLatency";
    const usualMs = leastMs + (isChanged ? CHANGED_FLUSH_MS - FLUSH_MS : 0);
    const wasSteadyMs = gap.fromMs - this.#steadySinceMs;
    if (gap.toMs - gap.fromMs > 1.5 * usualMs) this.#steadySinceMs = gap.toMs;
    if (this.#isUnjudged(gap) || felt.length > 1 || (fault !== null && this.#roleOf(fault) === null)) return;
    const olderMs = faults.hadClockChange(gap.fromMs, gap.toMs) ? OLDER_MS : 0;
    const beginMs = this.#hasFrame ? 0 : BEGIN_MS;
    const slackMs = (this.#context.slackMs?.() ?? 0) + usualMs + TURNS * 2 * wayMs + olderMs + beginMs;
    const idleMs = wasSteadyMs > KNOWN_MS ? Math.max(MIN_IDLE_MS, UNUSUAL * usualMs) : IDLE_MS;
    const isSilent = this.#hasFrame && fault !== null && SILENT.has(fault.plan.kind);
    const noticedMs = gap.fromMs + (isSilent ? idleMs : 0) + SWITCH_MS;
    for (const { fromMs, toMs } of supplySpans(truth, plan, fault, gap)) {
      const reachedMs = fault !== null && LOSING.has(fault.plan.kind) ? fault.untilMs + RECONNECT_MS : 0;
      const againMs = Math.max(fromMs, fault !== null && fromMs >= fault.untilMs && fromMs < reachedMs ? reachedMs : 0);
      const joinedMs = fault?.plan.kind === "join" ? fault.sinceMs + JOIN_MS : 0;
      const dueMs = Math.max(noticedMs, Math.max(againMs, joinedMs) + RETURN_MS) + slackMs;
      if (toMs <= dueMs) continue;
      const cause = fault === null ? "no fault" : `${fault.plan.name}: ${fault.plan.kind} of ${this.#roleOf(fault)}`;
      const seconds = (ms: number) => (ms / 1000).toFixed(3);
      this.#onFault(
        `is without frames of ${plan.stream} for ${seconds(toMs - gap.fromMs)} s (${cause}), ` +
          `though it could be had for ${seconds(toMs - fromMs)} s: late by ${seconds(toMs - dueMs)} s`,
      );
      return;
    }
  }

  #isUnjudged({ fromMs, toMs }: Span): boolean {
    const changes = this.#context.truth.sessions.filter(({ plan: { stream }, sinceMs }) =>
      stream === this.#plan.stream && sinceMs > fromMs - FIGHT_MS && sinceMs <= toMs
    );
    // Encoders of a source come in the middle of a GOP, those of an SRS nobody tells of.
    const isOther = this.#context.truth.sessions.some(({ plan: { stream, silences, source, home } }) =>
      stream === this.#plan.stream && (silences.length > 0 || source !== "" || home !== "")
    );
    return isOther || changes.length > MAX_CHANGES;
  }

  /** Whom a fault hits, as this viewer sees it; null where nothing is promised. */
  #roleOf(record: FaultRecord): string | null {
    const { plan: { kind, server }, sinceMs } = record;
    if (server === this.#plan.server && STOPPING.has(kind)) return null;
    if (kind.startsWith("engine")) return "the engine";
    const live = this.#context.truth.sessions.filter(({ plan, sinceMs: from, endMs }) =>
      plan.stream === this.#plan.stream && from < sinceMs && endMs >= sinceMs
    );
    const isCut = kind === "partition" || kind === "oneWay";
    if (isCut) {
      return live.some((session) => lackOf(session, this.#plan, record) !== null) ? "its way" : "another way";
    }
    return live.some((session) => session.server === server) ? "its origin" : "another server";
  }
}

/** It sits still, and its line is good. */
function isPlain(plan: PlayerPlan): boolean {
  return isCalm(plan) && plan.staysMs === 0;
}

/** It watches while it is there, and its line is good. */
function isCalm({ kind, lineBytesPerMs, pauseMs, follows }: PlayerPlan): boolean {
  return kind !== "srsEdge" && lineBytesPerMs + pauseMs === 0 && !follows;
}
