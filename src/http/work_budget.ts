import type { Timers } from "../base/clock.ts";
import { addressKey } from "../server/access/address_counter.ts";

/** Share of this thread's time that the costly questions of one address may take in the long run. */
const SHARE = 0.2;
/** Work that an address may have done at once, if it asked for little before: a page of the console, a scrape. */
const SAVED_MS = 500;
/** Most questions of one address that wait: clients that left without an answer have theirs among them. */
const MAX_PENDING = 256;
/** Most addresses of which it is known what they asked for. */
const MAX_ADDRESSES = 1024;

interface Account {
  /** Work that is left to it; below 0 it has to wait. */
  leftMs: number;
  countedMs: number;
  /** The last of its questions, done or not. */
  last: Promise<unknown>;
  pending: number;
}

/**
 * Bounds the work that one address causes by questions whose answers cost much. Who asks for more than is left to him is
 * answered later, one question after the other, as long as no more than {@link MAX_PENDING} wait. Others do not wait for
 * that.
 */
export class WorkBudget {
  readonly #timers: Timers;
  readonly #accounts = new Map<string, Account>();

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Addresses that are known. */
  get size(): number {
    return this.#accounts.size;
  }

  /** So much waits for an address that nothing more is to be put there. */
  isFull(ip: string): boolean {
    return (this.#accounts.get(addressKey(ip))?.pending ?? 0) >= MAX_PENDING;
  }

  /** Does work for an address, now or when it is its turn. Rejects as `work` does. */
  async run<T>(ip: string, work: () => T | Promise<T>): Promise<T> {
    const account = this.#accountOf(addressKey(ip));
    account.pending++;
    const done = account.last.then(() => this.#work(account, work)).finally(() => account.pending--);
    account.last = done.catch(() => {});
    return await done;
  }

  async #work<T>(account: Account, work: () => T | Promise<T>): Promise<T> {
    const debtMs = -this.#refill(account);
    if (debtMs > 0) await this.#pause(debtMs / SHARE);
    const startedMs = this.#timers.nowMs();
    try {
      return await work();
    } finally {
      this.#refill(account);
      account.leftMs -= this.#timers.nowMs() - startedMs;
    }
  }

  #refill(account: Account): number {
    const nowMs = this.#timers.nowMs();
    account.leftMs = Math.min(SAVED_MS, account.leftMs + (nowMs - account.countedMs) * SHARE);
    account.countedMs = nowMs;
    return account.leftMs;
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#timers.after(ms, resolve));
  }

  #accountOf(key: string): Account {
    const known = this.#accounts.get(key);
    if (known !== undefined) return known;
    if (this.#accounts.size >= MAX_ADDRESSES) this.#forget();
    const account = { leftMs: SAVED_MS, countedMs: this.#timers.nowMs(), last: Promise.resolve(), pending: 0 };
    this.#accounts.set(key, account);
    return account;
  }

  /** First those that have everything left; should all owe something, those that wait for nothing. */
  #forget(): void {
    for (const isEnough of [(account: Account) => this.#refill(account) >= SAVED_MS, () => true]) {
      for (const [key, account] of this.#accounts) {
        if (account.pending === 0 && isEnough(account)) this.#accounts.delete(key);
      }
      if (this.#accounts.size < MAX_ADDRESSES) return;
    }
  }
}
