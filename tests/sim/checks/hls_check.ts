import type { HlsPlan, HlsViewerPlan, Weather } from "../scenario.ts";
import { headerOf, type PublishSession, type Truth } from "../truth.ts";
import type { FaultBook } from "./fault_book.ts";
import type { ListedSegment } from "../../kit/hls/listed_segments.ts";
import type { SegmentBook } from "../../kit/hls/segment_book.ts";

/** A server keeps the stream for so long after the last request: somewhat less than the least. */
const LINGER_MS = 8000;
/** An edge that joins leaves out what it does not know from its beginning; then a flush, twice, and what others take. */
const JOIN_MS = 3000;
/** Who came or went so lately may be on the way to all servers. */
const SETTLED_MS = 12_000;

/** What one viewer is judged by. */
export interface HlsContext {
  readonly hls: HlsPlan;
  readonly weather: Weather;
  readonly truth: Truth;
  readonly faults: FaultBook;
  readonly book: SegmentBook;
  nowMs(): number;
  /** What else may take time. */
  slackMs?(): number;
}

/** What a start of a server has shown to one viewer. */
interface Shown {
  first: number;
  last: number;
  /** Numbers before which a discontinuity was. */
  readonly breaks: Set<number>;
}

/** Where an answer came from: a server, and which of its starts. */
export interface Origin {
  readonly server: string;
  readonly start: string;
}

/**
 * What one HLS viewer gets, whose requests go to several servers:
 * - of one start of a server, numbers never fall, and stand where they say;
 * - there are no more discontinuities than changes of the publisher and of its codec's parameters;
 * - what a server lists, it has, or can get as long as nothing goes wrong; then the others that keep the stream have it, too;
 * - an address means the same bytes for all;
 * - where nothing goes wrong, the playlist goes on.
 */
export class HlsCheck {
  readonly #plan: HlsViewerPlan;
  readonly #context: HlsContext;
  readonly #onFault: (text: string) => void;
  readonly #shown = new Map<string, Shown>();
  /** Number of the newest segment so far. */
  #newest = -1;
  /** When that came, or the viewer began. */
  #newestMs: number;

  constructor(plan: HlsViewerPlan, context: HlsContext, onFault: (text: string) => void) {
    this.#plan = plan;
    this.#context = context;
    this.#onFault = onFault;
    this.#newestMs = context.nowMs();
  }

  /** A playlist has come. */
  onPlaylist({ server, start }: Origin, listed: readonly ListedSegment[]): void {
    const { stream } = this.#plan;
    const [first, last] = [listed[0], listed.at(-1)];
    if (first === undefined || last === undefined) return this.#onFault(`gets a playlist of ${server} that is empty`);
    for (const { number, address } of listed) {
      if (numberOf(address) !== number) {
        return this.#onFault(`gets ${address} of ${server} in the place of number ${number}`);
      }
    }
    this.#checkOrder({ server, start }, first.number, last.number);
    this.#checkBreaks({ server, start }, listed);
    const { book, nowMs } = this.#context;
    book.list(start, stream, { first: first.number, last: last.number, nowMs: nowMs() }, LINGER_MS);
    if (last.number <= this.#newest) return;
    this.#newest = last.number;
    this.#newestMs = nowMs();
  }

  /** Bytes of something that is listed have come. @param isForever They may be kept for ever. */
  onBytes(address: string, { server, start }: Origin, bytes: Uint8Array): void {
    const { book } = this.#context;
    book.give(start, address);
    const failure = book.note(address, bytes, server);
    if (failure !== "") this.#onFault(failure);
  }

  /** Something that one server listed is not at another one, or not at the same. */
  onMissing({ number, address }: ListedSegment, lister: Origin, asked: Origin): void {
    const { book, nowMs } = this.#context;
    if (lister.start === asked.start) {
      // It may list what it has not fetched, and what nobody has any more.
      if (!book.hasGiven(asked.start, address) && this.#hadFault()) return;
      return this.#onFault(`gets no ${address} of ${asked.server}, which lists it`);
    }
    const known = book.listingOf(asked.start, this.#plan.stream);
    const isKept = known !== undefined && nowMs() - known.askedMs < LINGER_MS && number >= known.sinceNumber;
    if (isKept && this.#isCalm()) {
      this.#onFault(
        `gets no ${address} of ${asked.server}, which has the stream since ${known.sinceNumber}: ${lister.server} lists it`,
      );
    }
  }

  /** Once a second or so. */
  look(): void {
    const { hls: { fragmentMs }, weather, nowMs, slackMs = () => 0 } = this.#context;
    const [live, ...others] = this.#context.truth.live(this.#plan.stream);
    if (live === undefined || others.length > 0 || !this.#isCalm()) return;
    const { gopFrames, frameMs, burst, silences, startBurst } = live.plan;
    if (silences.length > 0) return;
    const bursts = (burst + startBurst) * frameMs;
    const wayMs = weather.latencyMs + weather.jitterMs;
    const limitMs = 3 * fragmentMs + gopFrames * frameMs + bursts + this.#plan.pollMs + JOIN_MS + 20 * wayMs +
      slackMs();
    const sinceMs = Math.max(this.#newestMs, live.sinceMs);
    if (nowMs() - sinceMs <= limitMs) return;
    this.#onFault(
      `sees no new segment of ${live.plan.stream} for ${
        ((nowMs() - sinceMs) / 1000).toFixed(1)
      } s after ${this.#newest}, ` +
        `though ${live.plan.name} publishes at ${live.server}`,
    );
    // Not again at once.
    this.#newestMs = nowMs();
  }

  #checkOrder({ server, start }: Origin, first: number, last: number): void {
    const before = this.#shown.get(start);
    if (before === undefined) {
      this.#shown.set(start, { first, last, breaks: new Set() });
      return;
    }
    if (first < before.first) this.#onFault(`sees the first number of ${server} fall from ${before.first} to ${first}`);
    if (last < before.last) this.#onFault(`sees the last number of ${server} fall from ${before.last} to ${last}`);
    before.first = first;
    before.last = last;
  }

  #checkBreaks({ server, start }: Origin, listed: readonly ListedSegment[]): void {
    const { breaks } = this.#shown.get(start)!;
    const before = breaks.size;
    for (const { number, isDiscontinuous } of listed.slice(1)) if (isDiscontinuous) breaks.add(number);
    if (breaks.size === before) return;
    const changes = this.#sessions().reduce((sum, session) => sum + 1 + headerChanges(session), 0);
    if (breaks.size >= changes) {
      this.#onFault(
        `sees ${breaks.size} discontinuities of ${server}, before ${[...breaks].join(", ")}, for ${changes} publishes`,
      );
    }
  }

  #sessions(): PublishSession[] {
    return this.#context.truth.sessions.filter(({ plan: { stream } }) => stream === this.#plan.stream);
  }

  /** Something went wrong of late. */
  #hadFault(): boolean {
    const { faults, nowMs } = this.#context;
    return faults.during(nowMs() - SETTLED_MS, nowMs()).length > 0;
  }

  /** Nothing went wrong of late, and nobody came or went. */
  #isCalm(): boolean {
    const fromMs = this.#context.nowMs() - SETTLED_MS;
    return !this.#hadFault() &&
      this.#sessions().every(({ sinceMs, endMs }) => sinceMs < fromMs && (endMs === Infinity || endMs < fromMs));
  }
}

function headerChanges({ plan, sent }: PublishSession): number {
  return headerOf(plan, sent);
}

function numberOf(address: string): number {
  return Number(/-(\d+)\.(?:ts|m4s)$/.exec(address)?.[1]);
}
