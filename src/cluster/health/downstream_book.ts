import type { Clock } from "../../base/clock.ts";
import type { NodeFacts } from "./node_facts.ts";

/** What a server said of itself, and when, by the clock of this one. */
export interface HeardServer {
  readonly facts: NodeFacts;
  readonly heardMs: number;
}

/** A server that pulls from this one, or publishes to it, as it says of itself. */
export interface DownstreamServer extends HeardServer {
  /** Where its connections come from. */
  readonly ip: string;
  readonly isUp: boolean;
  /** Since when it is up, or is not heard of any more. */
  readonly sinceMs: number;
}

interface Entry {
  facts: NodeFacts;
  /** When it said so. */
  saidMs: number;
  readonly ip: string;
  /** When it was there last. */
  heardMs: number;
  upSinceMs: number;
  /** Connections that say nothing more, and tell by being there. */
  holds: number;
  /** It came for more than a moment: servers that look for a stream ask many. */
  isSettled: boolean;
}

/** One that says nothing for this long is gone: servers report every 2 s. */
const SILENT_MS = 6000;
const FORGET_MS = 10 * 60_000;
/** A connection that was there for so long was no mere question for a stream. */
const SETTLED_MS = 4000;
/** Anybody who may play can say that it is a server: so many are believed, of all and of one address. */
const MAX_SERVERS = 2000;
const MAX_PER_ADDRESS = 64;
const SEARCH_AGAIN_MS = 1000;

/**
 * Servers that made themselves known by a connection to this one. What they say is not proven: none of them can take the
 * place of a coworker, or of another server that is there.
 */
export class DownstreamBook {
  readonly #clock: Clock;
  readonly #isTaken: (instance: string) => boolean;
  /** By instance, in the order they came. */
  readonly #entries = new Map<string, Entry>();
  /** How many of them come from an address. */
  readonly #ofAddress = new Map<string, number>();
  /** When there was no room last. */
  #fullMs = -Infinity;

  /** @param isTaken Whether an instance is this server's, or a coworker's: nobody else has it. */
  constructor(clock: Clock, isTaken: (instance: string) => boolean) {
    this.#clock = clock;
    this.#isTaken = isTaken;
  }

  /** A server says who it is, as it connects; its reports, if it stays, are to follow. */
  greet(facts: NodeFacts, ip: string): void {
    this.#enter(facts, ip);
  }

  /** A server reports. */
  hear(facts: NodeFacts, ip: string): void {
    const entry = this.#enter(facts, ip);
    if (entry !== null) entry.isSettled = true;
  }

  /** A server has a connection on which it cannot report again: it is there until this is disposed. */
  hold(facts: NodeFacts, ip: string): Disposable {
    const entry = this.#enter(facts, ip);
    const beganMs = this.#clock.nowMs();
    let isHeld = entry !== null;
    if (entry !== null) entry.holds++;
    return {
      [Symbol.dispose]: () => {
        if (!isHeld || entry === null) return;
        isHeld = false;
        entry.holds--;
        entry.heardMs = this.#clock.nowMs();
        entry.isSettled ||= entry.heardMs - beganMs >= SETTLED_MS;
      },
    };
  }

  /** Those that are there, or were a while ago. */
  all(): readonly DownstreamServer[] {
    this.#forgetOld();
    const shown = [...this.#entries.values()].filter((entry) =>
      !this.#isTaken(entry.facts.instance) && (entry.isSettled || this.#isUp(entry))
    );
    return shown.map((entry) => {
      const isUp = this.#isUp(entry);
      const { facts, saidMs: heardMs, ip } = entry;
      return { facts, heardMs, ip, isUp, sinceMs: isUp ? entry.upSinceMs : entry.heardMs };
    });
  }

  /** @returns Null if it is not believed. */
  #enter(facts: NodeFacts, ip: string): Entry | null {
    const { instance } = facts;
    if (this.#isTaken(instance)) return null;
    const nowMs = this.#clock.nowMs();
    const known = this.#entries.get(instance);
    if (known !== undefined && (known.ip === ip || this.#isUp(known))) {
      if (known.ip !== ip) return null;
      if (!this.#isUp(known)) known.upSinceMs = nowMs;
      known.facts = facts;
      known.heardMs = known.saidMs = nowMs;
      return known;
    }
    if (known !== undefined) this.#remove(instance, known);
    if (!this.#makeRoom(ip)) return null;
    const entry: Entry = { facts, saidMs: nowMs, ip, heardMs: nowMs, upSinceMs: nowMs, holds: 0, isSettled: false };
    this.#add(instance, entry);
    return entry;
  }

  #isUp({ holds, heardMs }: Entry): boolean {
    return holds > 0 || this.#clock.nowMs() - heardMs < SILENT_MS;
  }

  /** Lets one go that is gone, if there are too many; false if all of them are there. */
  #makeRoom(ip: string): boolean {
    const isFull = this.#entries.size >= MAX_SERVERS;
    if (!isFull && (this.#ofAddress.get(ip) ?? 0) < MAX_PER_ADDRESS) return true;
    // Whoever floods the book must not make it search all the time.
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#fullMs < SEARCH_AGAIN_MS) return false;
    for (const [instance, entry] of this.#entries) {
      if (this.#isUp(entry) || !(isFull || entry.ip === ip)) continue;
      this.#remove(instance, entry);
      return true;
    }
    this.#fullMs = nowMs;
    return false;
  }

  #forgetOld(): void {
    const nowMs = this.#clock.nowMs();
    for (const [instance, entry] of this.#entries) {
      if (entry.holds === 0 && nowMs - entry.heardMs > FORGET_MS) this.#remove(instance, entry);
    }
  }

  #add(instance: string, entry: Entry): void {
    this.#entries.set(instance, entry);
    this.#ofAddress.set(entry.ip, (this.#ofAddress.get(entry.ip) ?? 0) + 1);
  }

  #remove(instance: string, { ip }: Entry): void {
    this.#entries.delete(instance);
    const left = (this.#ofAddress.get(ip) ?? 0) - 1;
    if (left > 0) this.#ofAddress.set(ip, left);
    else this.#ofAddress.delete(ip);
  }
}
