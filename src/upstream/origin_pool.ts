import type { Clock } from "../base/clock.ts";

/** What is known of one origin, or of a server that one has redirected to, by all streams of this process together. */
export interface OriginHealth {
  readonly origin: string;
  /** Failures in a row. */
  failures: number;
  /** Until then the others are tried first. */
  restUntilMs: number;
  /** Empty once it has worked again. */
  lastError: string;
  /** When that was, Unix time in ms; null without one. */
  lastErrorMs: number | null;
  /** Pulls that it feeds now, whoever has led to it. */
  pulls: number;
}

const wellHealth: Omit<OriginHealth, "origin" | "pulls"> = {
  failures: 0,
  restUntilMs: 0,
  lastError: "",
  lastErrorMs: null,
};
/** An origin that could not be reached is told of for so long after the last attempt. */
export const REMEMBER_FAILURE_MS = 60_000;
const FIRST_REST_MS = 1000;
const MAX_REST_MS = 15_000;

/**
 * Health of the origins, one table per process, and the order in which a stream tries them.
 *
 * SRS starts every stream at the first origin and discovers a dead one again for each stream.
 */
export class OriginPool {
  readonly #clock: Clock;
  readonly #table = new Map<string, OriginHealth>();
  /** Of servers that others have redirected to: they are known for as long as they feed a pull. */
  readonly #guests = new Set<string>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** All origins that were ever asked, and the servers that feed a pull by a redirect. */
  table(): Iterable<OriginHealth> {
    return this.#table.values();
  }

  health(origin: string): OriginHealth {
    this.#guests.delete(origin);
    return this.#table.get(origin) ?? this.#add(origin);
  }

  /** Counts a pull that a server feeds, which shows that it works, until this is disposed of. */
  startFeed(server: string): Disposable {
    const known = this.#table.get(server);
    if (known === undefined) this.#guests.add(server);
    const health = known ?? this.#add(server);
    health.pulls++;
    this.noteSuccess(server);
    return {
      [Symbol.dispose]: () => {
        health.pulls--;
        // Whoever redirects chooses the names.
        if (health.pulls === 0 && this.#guests.delete(server)) this.#table.delete(server);
      },
    };
  }

  /**
   * Origins in the order a stream should try them: those in good health first, each group in an order that depends on
   * the stream, so that streams spread and come back to the same origin.
   */
  order<Origin extends { readonly text: string }>(origins: readonly Origin[], key: string): Origin[] {
    const nowMs = this.#clock.nowMs();
    const ranks = new Map(origins.map(({ text }) => [text, this.health(text).restUntilMs > nowMs ? 1 : 0]));
    return orderByHash(origins, key).toSorted((a, b) => ranks.get(a.text)! - ranks.get(b.text)!);
  }

  /** The origin could not be reached or broke the protocol. That it lacks a stream is no failure. */
  noteFailure(origin: string, error: string): void {
    const health = this.health(origin);
    health.lastError = error;
    health.lastErrorMs = this.#clock.nowMs();
    // It rests already: many streams lose an origin at the same moment, and that is one failure.
    if (health.restUntilMs > this.#clock.nowMs()) return;
    health.failures++;
    health.restUntilMs = this.#clock.nowMs() + Math.min(MAX_REST_MS, FIRST_REST_MS * 2 ** (health.failures - 1));
  }

  /** The server works, whatever was wrong with it. */
  noteSuccess(server: string): void {
    const health = this.#table.get(server);
    if (health !== undefined) Object.assign(health, wellHealth);
  }

  #add(origin: string): OriginHealth {
    const health = { origin, pulls: 0, ...wellHealth };
    this.#table.set(origin, health);
    return health;
  }
}

/** Servers in an order that depends on the stream: it stays the same where others come or go. */
export function orderByHash<Server extends { readonly text: string }>(
  servers: readonly Server[],
  key: string,
): Server[] {
  return servers.toSorted((a, b) => hash(`${b.text} ${key}`) - hash(`${a.text} ${key}`));
}

/** FNV-1a with a final mix, 32 bits: spreads, and the same in every process. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  value = Math.imul(value ^ (value >>> 16), 0x45d9f3b);
  return (value ^ (value >>> 16)) >>> 0;
}
