import type { TimerHandle, Timers } from "../../base/clock.ts";
import type { EngineReply } from "../../base/engine.ts";
import type { CallOptions, EngineAccess } from "./engine_access.ts";
import type { EngineKeys } from "./keys.ts";
import { formatNodeRecord, type NodeRecord } from "./node_record.ts";
import { enrolScript } from "./scripts.ts";

/** How often a node puts itself on the list of nodes. */
const ENROL_MS = 60_000;
/** How long nodes that are gone stay on the list. */
const KEEP_GONE_MS = 600_000;
/** What rings is that a bell changes: nobody reads it. */
const BELL_TTL_MS = 60_000;

/** Options of {@link OwnLease}. */
export interface OwnLeaseOptions {
  readonly access: EngineAccess;
  readonly timers: Timers;
  readonly random: () => number;
  readonly keys: EngineKeys;
  readonly self: string;
  readonly nodeTtlMs: number;
  readonly record: () => NodeRecord;
  /** The lease was renewed. @param wasThere False: streams of this server counted as ended. */
  readonly onRenewed: (wasThere: boolean) => void;
  /** How many nodes there are; told now and then. */
  readonly onCount: (nodes: number) => void;
}

/** The lease of this server: as long as it is renewed, the streams that this server has claimed count. */
export class OwnLease implements Disposable {
  readonly #options: OwnLeaseOptions;
  #timer: TimerHandle | null = null;
  #renewing: Promise<boolean> | null = null;
  #enrolledMs = -Infinity;
  /** The others have been told that this server is about to stop. */
  #hasRung = false;
  #hasEnrolled = false;
  #hasBegun = false;
  #isOver = false;

  constructor(options: OwnLeaseOptions) {
    this.#options = options;
  }

  start(): void {
    const { nodeTtlMs, random } = this.#options;
    this.#plan(random() * nodeTtlMs / 3);
  }

  /**
   * Renews the lease now, with what the server tells of itself; the next renewal is due a third of a lease later.
   *
   * @returns Whether the lease was there still.
   */
  renew(): Promise<boolean> {
    // Thousands of servers started at one moment connect at one moment, but are not to renew at one moment for ever.
    if (this.#hasBegun) this.#plan(this.#options.nodeTtlMs / 3);
    return this.#renewing ??= this.#renew().finally(() => this.#renewing = null);
  }

  /** Renews it with what the server tells of itself now, also where a renewal is under way that tells less. */
  async announce(): Promise<void> {
    await this.#renewing;
    await this.renew();
  }

  /** The engine may have lost the list of nodes. */
  onLost(): void {
    this.#enrolledMs = -Infinity;
  }

  /** Gives the lease up: everybody knows at once that this server is gone. Waits for the engine as long as others do. */
  async end(): Promise<void> {
    this[Symbol.dispose]();
    const { access, keys, self } = this.#options;
    await Promise.allSettled([
      access.call(["DEL", keys.node(self)]),
      this.#ring(),
      access.call(["ZREM", keys.list, self]),
    ]);
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    this.#timer?.cancel();
  }

  #plan(delayMs: number): void {
    this.#timer?.cancel();
    if (this.#isOver) return;
    this.#timer = this.#options.timers.after(delayMs, () => {
      this.#hasBegun = true;
      void this.renew();
    });
  }

  async #renew(): Promise<boolean> {
    const { timers } = this.#options;
    if (this.#isOver) return false;
    const enrols = timers.nowMs() - this.#enrolledMs >= ENROL_MS;
    try {
      // It is renewed, too, if the answer comes late, and only this answer tells that it was gone.
      const onLate = (reply: EngineReply) => void this.#onRenewed(reply, enrols);
      return this.#onRenewed(await this.#put(enrols, { isProbe: true, onLate }), enrols);
    } catch {
      // The log says what is wrong; the next renewal is due soon.
      return false;
    }
  }

  #put(enrols: boolean, options: CallOptions): Promise<EngineReply> {
    const { access, keys, self, nodeTtlMs, record } = this.#options;
    const told = record();
    const [key, text, ttl] = [keys.node(self), formatNodeRecord(told), String(nodeTtlMs)];
    const put = enrols
      ? access.run(
        enrolScript,
        [key, keys.list, keys.startAt(told.rtmp)],
        [self, text, ttl, String(KEEP_GONE_MS), this.#hasEnrolled ? "0" : "1", keys.nodes, keys.bells],
        options,
      )
      : access.call(["SET", key, text, "PX", ttl, "GET"], options);
    // An engine takes commands in their order; a script may have to be put twice.
    if (told.isDraining && !this.#hasRung) void this.#ringOnce(enrols ? put : Promise.resolve(), put);
    return put;
  }

  /** Rings, unless that was done; again with the next renewal if it fails. @param turn When it is to. */
  async #ringOnce(turn: Promise<unknown>, renewed: Promise<unknown>): Promise<void> {
    try {
      await turn;
      await Promise.all([renewed, this.#ring()]);
      this.#hasRung = true;
    } catch {
      // The log says what is wrong.
    }
  }

  /** Has all read the lease again that know it. */
  async #ring(): Promise<void> {
    const { access, keys, self } = this.#options;
    await access.call(["SET", keys.bell(self), "1", "PX", String(BELL_TTL_MS)]);
  }

  /** @returns Whether the lease was there. */
  #onRenewed(reply: EngineReply, hasEnrolled: boolean): boolean {
    if (this.#isOver) return false;
    const { timers, onRenewed, onCount } = this.#options;
    const [before, nodes] = Array.isArray(reply) ? reply : [];
    const wasThere = hasEnrolled ? before === 1 : reply !== null;
    if (hasEnrolled) {
      this.#enrolledMs = timers.nowMs();
      this.#hasEnrolled = true;
      if (typeof nodes === "number") onCount(nodes);
    } else if (!wasThere) this.#enrolledMs = -Infinity;
    onRenewed(wasThere);
    return wasThere;
  }
}
