import { onBeat, type TimerHandle } from "../../base/clock.ts";
import type { Logger } from "../../base/log.ts";
import type { World } from "../../base/world.ts";
import { formatHost } from "../../rtmp/url.ts";
import type { CoworkerApi } from "./coworker_apis.ts";
import { findFaults } from "./faults.ts";
import type { NodeFacts } from "./node_facts.ts";
import { askNode, type NodeAnswer, type NodeFailure } from "./node_question.ts";
import { checkPort } from "./port_check.ts";
import { wrongProtocol } from "./trouble.ts";
import { WatchedCoworker } from "./watched_coworker.ts";

/** What the watch takes of a server. */
export interface CoworkerWatchOptions {
  readonly world: Pick<World, "fetch" | "connect" | "random" | "randomBytes" | "nowMs" | "wallMs" | "after">;
  readonly log: Logger;
  /** This server. */
  readonly self: () => NodeFacts;
  /** Whom to ask: read over and over, so that a reload, or DNS, may change it. */
  readonly list: () => readonly CoworkerApi[];
  /** A coworker, `host:port` as written, is down; default nobody is told. @param answers It does answer, but as none. */
  readonly onDown?: (coworker: string, answers: boolean) => void;
  /** A coworker has come up, or is another instance than the one that was heard of before. */
  readonly onUp?: (coworker: string, isOther: boolean) => void;
  /** The clock of a coworker is ahead of this one, by so much. */
  readonly onClock: (aheadMs: number) => void;
}

const BEAT_MS = 2000;
/** Beats differ by so large a part, so that many servers do not beat in step. */
const BEAT_SPREAD = 0.2;
/** One that says itself that it is the wrong one is not asked so often: each time may be a line in its log. */
const SLOW_BEAT_MS = 10_000;
/** Whatever strangers say, nobody is asked more often. */
const HURRY_MS = 500;
const QUESTION_TIMEOUT_MS = 2000;
const PORT_TIMEOUT_MS = 1000;
/** A port is looked at no more often. */
const PORT_CHECK_MS = 30_000;
/** The list is read so often. */
const SCAN_MS = 1000;
/** No more coworkers are watched. */
const MAX_WATCHED = 1000;

/** Asks every coworker who it is, at once and then about every 2 s, one question at a time. */
export class HealthWatch {
  readonly #options: CoworkerWatchOptions;
  readonly #watched = new Map<string, WatchedCoworker>();
  readonly #asking = new Set<Promise<void>>();
  readonly #stop = new AbortController();
  #scan: TimerHandle | null = null;

  constructor(options: CoworkerWatchOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#scan !== null || this.#stop.signal.aborted) return;
    this.#scan = onBeat(this.#options.world, SCAN_MS, () => this.#readList());
    this.#readList();
  }

  /** Gives up what is on its way, and settles when all of it has ended. */
  async stop(): Promise<void> {
    this.#scan?.cancel();
    this.#stop.abort();
    for (const { timer } of this.#watched.values()) timer?.cancel();
    await Promise.all(this.#asking);
  }

  /** All coworkers but this server itself; one that stands in the list under two names comes once. */
  all(): readonly WatchedCoworker[] {
    const seen = new Set<string>();
    return [...this.#watched.values()].filter(({ state, instance }) => {
      if (state === "self" || (state === "up" && seen.has(instance))) return false;
      if (state === "up") seen.add(instance);
      return true;
    });
  }

  /** Whether an instance is that of a coworker. */
  knows(instance: string): boolean {
    return this.#ofInstance(instance).length > 0;
  }

  /** A server asks this one who it is, as it lists it. */
  noteAsked(instance: string): void {
    const nowMs = this.#options.world.nowMs();
    for (const watched of this.#ofInstance(instance)) watched.noteAsked(nowMs);
  }

  /** A server that is not known asks from this address: a coworker may be back, and is asked at once. */
  hurry(ip: string): void {
    for (const watched of this.#watched.values()) {
      const mayBeBack = watched.state === "down" || (watched.state === "up" && watched.address.host === ip);
      if (mayBeBack) this.#hurry(watched);
    }
  }

  #hurry(watched: WatchedCoworker): void {
    // Whatever comes of a question under way, the next one follows within a beat.
    if (watched.isAsked) return;
    watched.timer?.cancel();
    this.#plan(watched, Math.max(0, watched.questionMs + HURRY_MS - this.#options.world.nowMs()));
  }

  #ofInstance(instance: string): WatchedCoworker[] {
    return [...this.#watched.values()].filter((watched) => watched.instance === instance && instance !== "");
  }

  #readList(): void {
    const { world, log, list } = this.#options;
    const listed = new Map(list().slice(0, MAX_WATCHED).map((address) => [nameOf(address), address]));
    for (const [name, { timer }] of this.#watched) {
      if (listed.has(name)) continue;
      timer?.cancel();
      this.#watched.delete(name);
    }
    for (const [name, address] of listed) {
      const known = this.#watched.get(name);
      if (known !== undefined) {
        known.address = address;
        continue;
      }
      const watched = new WatchedCoworker(address, log, world.nowMs());
      this.#watched.set(name, watched);
      this.#plan(watched, 0);
    }
  }

  #plan(watched: WatchedCoworker, waitMs: number): void {
    watched.timer = this.#options.world.after(waitMs, () => {
      const asking = this.#ask(watched).finally(() => this.#asking.delete(asking));
      this.#asking.add(asking);
    });
  }

  /** One question; the next one is planned when it is over. Never rejects. */
  async #ask(watched: WatchedCoworker): Promise<void> {
    const { world } = this.#options;
    const { signal } = this.#stop;
    const beganMs = world.nowMs();
    watched.questionMs = beganMs;
    watched.isAsked = true;
    const answer = await askNode(world, watched.address, {
      instance: this.#options.self().instance,
      // After a failure, something else may stand there.
      isForeign: watched.state === "up" && watched.answer?.isForeign === true,
      withDownstream: watched.wantsDownstream(beganMs),
      timeoutMs: QUESTION_TIMEOUT_MS,
      signal,
    });
    const outcome = "trouble" in answer ? await this.#explain(watched, answer) : answer;
    if (signal.aborted || this.#watched.get(nameOf(watched.address)) !== watched) return;
    this.#note(watched, outcome);
    watched.isAsked = false;
    const isSlow = watched.state === "self" || ("trouble" in outcome && outcome.kind === "clear");
    const beatMs = (isSlow ? SLOW_BEAT_MS : BEAT_MS) * (1 + BEAT_SPREAD * (world.random() - 0.5));
    this.#plan(watched, Math.max(0, beganMs + beatMs - world.nowMs()));
  }

  #note(watched: WatchedCoworker, outcome: NodeAnswer | NodeFailure): void {
    const { state, instance } = watched;
    this.#take(watched, outcome);
    const { onDown, onUp } = this.#options;
    const { address: { text } } = watched;
    const answers = !("trouble" in outcome) || outcome.kind === "clear";
    if (watched.state === "down" && state !== "down") return onDown?.(text, answers);
    const isOther = instance !== "" && watched.instance !== instance;
    if (watched.state === "up" && (state !== "up" || isOther)) onUp?.(text, isOther);
  }

  #take(watched: WatchedCoworker, outcome: NodeAnswer | NodeFailure): void {
    const nowMs = this.#options.world.nowMs();
    const self = this.#options.self();
    if ("trouble" in outcome) return watched.onFailure(outcome, nowMs);
    watched.onAnswer(outcome, nowMs, self.instance);
    if (watched.state !== "up") return;
    const { skewMs, skewErrorMs } = outcome;
    if (skewMs !== null && skewMs > skewErrorMs) this.#options.onClock(skewMs + skewErrorMs);
    const all = [...this.#watched.values()];
    // Of two with one id, the later in the list is told of.
    const earlier = all.slice(0, all.indexOf(watched)).filter(({ state }) => state === "up");
    watched.setFaults(findFaults(outcome, {
      self,
      listsUs: watched.listsUs(nowMs),
      earlier: earlier.flatMap(({ address: { text: name }, answer }) =>
        answer === null ? [] : [{ name, facts: answer.facts }]
      ),
    }));
  }

  /** What is no HTTP may be another protocol. */
  async #explain(watched: WatchedCoworker, failure: NodeFailure): Promise<NodeFailure> {
    const { world } = this.#options;
    const { signal } = this.#stop;
    if (failure.kind === "clear" || failure.kind === "refused" || signal.aborted) {
      watched.spoken = null;
      return failure;
    }
    if (world.nowMs() - watched.checkedMs >= PORT_CHECK_MS) {
      watched.checkedMs = world.nowMs();
      watched.spoken = await checkPort(world, watched.address, { timeoutMs: PORT_TIMEOUT_MS, signal });
    }
    if (watched.spoken === null) return failure;
    return { kind: "clear", trouble: wrongProtocol(watched.spoken) };
  }
}

function nameOf({ host, port }: CoworkerApi): string {
  return `${formatHost(host)}:${port}`;
}
