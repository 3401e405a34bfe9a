import type { TimerHandle, Timers } from "../../base/clock.ts";
import type { EngineAccess } from "./engine_access.ts";
import type { EngineKeys } from "./keys.ts";
import { formatNodeRecord, type NodeRecord } from "./node_record.ts";
import { enrolScript } from "./scripts.ts";

/** How often a node puts itself on the list of nodes. */
const ENROL_MS = 60_000;
/** How long nodes that are gone stay on the list. */
const KEEP_GONE_MS = 600_000;

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
  #isOver = false;

  constructor(options: OwnLeaseOptions) {
    this.#options = options;
  }

  start(): void {
    const { timers, nodeTtlMs, random } = this.#options;
    const renew = (delayMs: number) => {
      this.#timer = timers.after(delayMs, () => {
        renew(nodeTtlMs / 3);
        void this.renew();
      });
    };
    // Thousands of servers started at one moment are not to renew at one moment.
    renew(random() * nodeTtlMs / 3);
  }

  /** Renews the lease now, with what the server tells of itself. @returns Whether the lease was there still. */
  renew(): Promise<boolean> {
    return this.#renewing ??= this.#renew().finally(() => this.#renewing = null);
  }

  /** Gives the lease up: everybody knows at once that this server is gone. Waits for the engine as long as others do. */
  async end(): Promise<void> {
    this[Symbol.dispose]();
    const { access, keys, self } = this.#options;
    await Promise.allSettled([access.call(["DEL", keys.node(self)]), access.call(["ZREM", keys.list, self])]);
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    this.#timer?.cancel();
  }

  async #renew(): Promise<boolean> {
    const { access, keys, self, nodeTtlMs, record } = this.#options;
    if (this.#isOver) return false;
    const command = ["SET", keys.node(self), formatNodeRecord(record()), "PX", String(nodeTtlMs), "GET"];
    try {
      // It is renewed, too, if the answer comes late, and only this answer tells that it was gone.
      const before = await access.call(command, { isProbe: true, onLate: (reply) => this.#onRenewed(reply !== null) });
      this.#onRenewed(before !== null);
      return before !== null;
    } catch {
      // The log says what is wrong; the next renewal is due soon.
      return false;
    }
  }

  #onRenewed(wasThere: boolean): void {
    if (this.#isOver) return;
    const { timers, onRenewed } = this.#options;
    if (timers.nowMs() - this.#enrolledMs >= ENROL_MS || !wasThere) void this.#enrol();
    onRenewed(wasThere);
  }

  async #enrol(): Promise<void> {
    const { access, keys, self, timers, onCount } = this.#options;
    this.#enrolledMs = timers.nowMs();
    try {
      const count = await access.run(enrolScript, [keys.list], [self, String(KEEP_GONE_MS)]);
      if (typeof count === "number") onCount(count);
    } catch {
      this.#enrolledMs = -Infinity;
    }
  }
}
