import type { Timers, WallClock } from "../../base/clock.ts";
import type { Logger } from "../../base/log.ts";
import type { Claim, ClaimOptions, Owner, StreamRef } from "../directory.ts";
import { MAX_CLOCK_AHEAD_MS } from "../epoch_book.ts";
import type { OwnerQuery } from "./coworker_question.ts";
import type { CoworkerClaims } from "./coworker_claims.ts";
import { givesWay } from "./rivals.ts";

/** What a claim takes of the mesh. */
export interface MeshClaimContext {
  readonly timers: Timers & WallClock;
  readonly log: Logger;
  /** Id of this server. */
  readonly instance: string;
  readonly claims: Pick<CoworkerClaims, "claim">;
  isDraining(): boolean;
  query(stream: StreamRef): OwnerQuery;
  /** All other owners of this moment. */
  find(stream: StreamRef): Promise<readonly Owner[]>;
}

/** A claim, once it has succeeded. */
export interface MeshClaimOptions extends ClaimOptions {
  readonly epoch: number;
  /** When the publisher counts as come: later than any that it is to replace. */
  readonly sinceMs: number;
  /** An owner that was found before, whose publisher has to give way; null if there was none. */
  readonly owner: Owner | null;
  /** A coworker has not answered so far: it may have the stream, or have hung for a moment. */
  readonly isUnheard: boolean;
  /** It is to be found from now on. */
  onAnnounce(): void;
  onEnd(): void;
}

/** How soon a coworker that could not be told to give way is told again: doubling up to 8 s. */
const FIRST_RETRY_MS = 1000;
const MAX_RETRIES = 8;
/** What a server says that has hung for a moment may be over at once: it has not read yet that its publisher has left. */
const SECOND_LOOK_MS = 300;
/** Anybody can say that he has seen a newer publish. */
const RECHECK_PAUSE_MS = 5000;

/**
 * A stream that is published here. Two origins that claim it at one moment do not see each other; once both can be seen,
 * whoever came second finds the other one, and exactly one of them gives way.
 */
export class MeshClaim implements Claim {
  #epoch: number;
  readonly sinceMs: number;
  readonly #context: MeshClaimContext;
  readonly #stream: StreamRef;
  readonly #options: MeshClaimOptions;
  #owner: Owner | null;
  #isOver = false;
  /** See {@link MeshClaimOptions.isUnheard}. */
  #isUnheard: boolean;
  /** This server stood still: whoever has the stream now keeps it. */
  #isDoubtful = false;
  /** A word of others does not count before. */
  #recheckMs: number;

  constructor(context: MeshClaimContext, stream: StreamRef, options: MeshClaimOptions) {
    this.#epoch = options.epoch;
    this.sinceMs = options.sinceMs;
    this.#context = context;
    this.#stream = stream;
    this.#options = options;
    this.#owner = options.owner;
    this.#isUnheard = options.isUnheard;
    this.#recheckMs = context.timers.nowMs() + RECHECK_PAUSE_MS;
  }

  get epoch(): number {
    return this.#epoch;
  }

  raise(epoch: number): void {
    this.#epoch = Math.max(this.#epoch, epoch);
  }

  announce(): void {
    if (this.#isOver) return;
    this.#options.onAnnounce();
    this.#settle();
  }

  /** This server stood still for a while: another one may have taken the stream, and then keeps it. */
  async check(): Promise<void> {
    this.#isDoubtful = true;
    await this.#settle();
    this.#isDoubtful = false;
  }

  /**
   * Somebody has seen a newer publish, as he says: if there is one, it keeps the stream. Looks now and then only, and not
   * while two that claimed at one moment find out about each other: both would give way.
   */
  async recheck(epoch: number): Promise<void> {
    const nowMs = this.#context.timers.nowMs();
    if (epoch <= this.epoch || nowMs < this.#recheckMs) return;
    this.#recheckMs = nowMs + RECHECK_PAUSE_MS;
    const others = await this.#context.find(this.#stream);
    this.#isDoubtful = true;
    for (const other of others) if ((other.epoch ?? 0) > this.epoch && this.giveWay(other)) return;
    this.#isDoubtful = false;
  }

  /** How long the publisher has sent nothing that counts. */
  silentMs(): number {
    return this.#isDoubtful ? Infinity : this.#options.silentMs?.() ?? 0;
  }

  [Symbol.dispose](): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#options.onEnd();
  }

  /** Ends the publisher here if it has to give way to the one of a coworker. @returns Whether it had to. */
  giveWay(owner: Owner): boolean {
    const { timers, log, instance, isDraining } = this.#context;
    const { sinceMs, silentMs } = owner;
    const { key } = this.#stream.url;
    if (this.#isOver || sinceMs === undefined || owner.instance === undefined) return this.#isOver;
    if (sinceMs > timers.wallMs() + MAX_CLOCK_AHEAD_MS) {
      log.warn(
        `publish ${key}: ignored the claim of coworker ${owner.coworker}, whose clock is more than ` +
          `${MAX_CLOCK_AHEAD_MS / 1000} s ahead of this one; synchronize the clocks`,
      );
      return false;
    }
    const rival = { sinceMs, silentMs, instance: owner.instance, epoch: owner.epoch ?? 0 };
    const own = { sinceMs: this.sinceMs, silentMs: this.silentMs(), instance, epoch: this.epoch };
    const mode = isDraining() || owner.isDraining ? "takeover" : this.#options.mode();
    if (!givesWay(own, rival, mode)) return false;
    log.info(
      `publish ${key}: ended in favor of the publisher at ${owner.ip}:${owner.port} (coworker ${owner.coworker})`,
    );
    this[Symbol.dispose]();
    this.#options.onLost("a publisher at another origin has the stream");
    return true;
  }

  /** Leaves one publisher of the stream in the cluster: this one, unless it has to give way. Never throws. */
  async #settle(): Promise<void> {
    const owner = this.#owner;
    this.#owner = null;
    if (owner !== null && mustTell(owner)) await this.#tell(owner);
    if (this.#isOver) return;
    let others = (await this.#context.find(this.#stream)).filter(mustTell);
    if (this.#isUnheard && others.length > 0) {
      await this.#pause(SECOND_LOOK_MS);
      others = (await this.#context.find(this.#stream)).filter(mustTell);
    }
    this.#isUnheard = false;
    for (const other of others) if (this.#isOver || this.giveWay(other)) return;
    await Promise.all(others.map((other) => this.#tell(other)));
  }

  #pause(pauseMs: number): Promise<void> {
    return new Promise((resolve) => void this.#context.timers.after(pauseMs, resolve));
  }

  /** Until it hears, or this claim is over: a server that stood still must not go on with what this one has taken over. */
  async #tell({ coworker }: Owner): Promise<void> {
    const { claims, timers } = this.#context;
    const query = () => this.#context.query(this.#stream);
    if (await claims.claim(coworker, query())) return;
    let pauseMs = FIRST_RETRY_MS;
    let retries = 0;
    const retry = async () => {
      if (this.#isOver || await claims.claim(coworker, query()) || ++retries === MAX_RETRIES) return;
      pauseMs = Math.min(8 * FIRST_RETRY_MS, pauseMs * 2);
      timers.after(pauseMs, retry);
    };
    timers.after(pauseMs, retry);
  }
}

/** SRS neither tells when its publisher came, nor lets it go. */
function mustTell({ sinceMs }: Owner): boolean {
  return sinceMs !== undefined;
}
