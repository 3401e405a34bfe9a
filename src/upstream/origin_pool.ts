import type { Clock } from "../base/clock.ts";

/** What is known of one origin, by all streams of this process together. */
export interface OriginHealth {
  readonly origin: string;
  /** Failures in a row. */
  failures: number;
  /** Until then the others are tried first. */
  restUntilMs: number;
  lastError: string;
  /** Pulls that run from it now. */
  pulls: number;
}

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

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** All origins that were ever asked. */
  table(): Iterable<OriginHealth> {
    return this.#table.values();
  }

  health(origin: string): OriginHealth {
    const found = this.#table.get(origin);
    if (found !== undefined) return found;
    const health = { origin, failures: 0, restUntilMs: 0, lastError: "", pulls: 0 };
    this.#table.set(origin, health);
    return health;
  }

  /**
   * Origins in the order a stream should try them: those in good health first, each group in an order that depends on
   * the stream, so that streams spread and come back to the same origin.
   */
  order<Origin extends { readonly text: string }>(origins: readonly Origin[], key: string): Origin[] {
    const nowMs = this.#clock.nowMs();
    const rank = ({ text }: Origin) => (this.health(text).restUntilMs > nowMs ? 1 : 0);
    return orderByHash(origins, key).toSorted((a, b) => rank(a) - rank(b));
  }

  /** The origin could not be reached or broke the protocol. That it lacks a stream is no failure. */
  noteFailure(origin: string, error: string): void {
    const health = this.health(origin);
    health.lastError = error;
    // It rests already: many streams lose an origin at the same moment, and that is one failure.
    if (health.restUntilMs > this.#clock.nowMs()) return;
    health.failures++;
    health.restUntilMs = this.#clock.nowMs() + Math.min(MAX_REST_MS, FIRST_REST_MS * 2 ** (health.failures - 1));
  }

  noteSuccess(origin: string): void {
    const health = this.health(origin);
    health.failures = 0;
    health.restUntilMs = 0;
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
