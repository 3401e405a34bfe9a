import type { AmfObject } from "../amf/amf0.ts";
import { onBeat, type TimerHandle, type Timers } from "../base/clock.ts";
import { asString, NODE_MEMBER } from "../rtmp/command.ts";

/** Sends a text on a connection to a server. */
export type Announce = (text: string) => void;

/** Who answered at an address. */
export interface AnsweredServer {
  /** `srs_server`: `srs-ts/0.1.0`; empty where it says nothing. */
  readonly software: string;
  /** What it said of itself in its answer to `connect`; empty where it says nothing. */
  readonly words: string;
  /** When it first said so. */
  readonly sinceMs: number;
}

const REPORT_MS = 2000;
const OURS = /^srs-ts\//;
/** No more addresses are kept in mind: redirects may name any number. */
const MAX_SERVERS = 1000;
/** What is longer is read by nobody. */
const MAX_WORDS = 2000;

/**
 * Tells the servers that this one has connections to how it is: every 2 s, on one of the connections to each address, and
 * only to servers of our own kind.
 */
export class NodeReporter {
  readonly #timers: Timers;
  readonly #write: () => string;
  readonly #connections = new Map<string, Set<Announce>>();
  readonly #answered = new Map<string, AnsweredServer>();
  #timer: TimerHandle | null = null;

  /** @param write What is said: a line that others read. */
  constructor(timers: Timers, write: () => string) {
    this.#timers = timers;
    this.#write = write;
  }

  /** Who answered last at an address. */
  answered(address: string): AnsweredServer | undefined {
    return this.#answered.get(address);
  }

  /**
   * A server has answered `connect`.
   *
   * @param identity Its `srs_*` members.
   * @param announce Null for a connection on which nothing can be said.
   * @returns To be disposed when the connection ends.
   */
  onConnected(address: string, identity: AmfObject, announce: Announce | null): Disposable {
    const software = asString(identity.srs_server).slice(0, 64);
    if (this.#answered.size >= MAX_SERVERS && !this.#answered.has(address)) this.#answered.clear();
    const words = asString(identity[NODE_MEMBER]).slice(0, MAX_WORDS);
    const before = this.#answered.get(address);
    const isSame = before?.software === software && before.words === words;
    this.#answered.set(address, { software, words, sinceMs: isSame ? before.sinceMs : this.#timers.nowMs() });
    if (announce === null || !OURS.test(software)) return { [Symbol.dispose]() {} };
    const connections = this.#connections.get(address) ?? new Set();
    this.#connections.set(address, connections);
    connections.add(announce);
    this.#timer ??= onBeat(this.#timers, REPORT_MS, () => this.#report());
    return { [Symbol.dispose]: () => this.#leave(address, connections, announce) };
  }

  #report(): void {
    const text = this.#write();
    for (const [announce] of [...this.#connections.values()]) announce?.(text);
  }

  #leave(address: string, connections: Set<Announce>, announce: Announce): void {
    connections.delete(announce);
    if (connections.size > 0 || this.#connections.get(address) !== connections) return;
    this.#connections.delete(address);
    if (this.#connections.size > 0) return;
    this.#timer?.cancel();
    this.#timer = null;
  }
}
