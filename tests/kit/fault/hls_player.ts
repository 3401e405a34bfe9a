import { type ListedSegment, readPlaylist } from "../hls/listed_segments.ts";
import { SegmentBook } from "../hls/segment_book.ts";
import type { Lateness } from "../lateness.ts";

/** A server that HLS can be had from. */
export interface HlsServer {
  readonly name: string;
  /** Port of its HTTP server. */
  readonly port: number;
  /** Another one after each start; of now. */
  processId(): number;
}

const POLL_MS = 500;
/** A server that stands still answers nobody. */
const PATIENCE_MS = 8000;
const MAX_FLAWS = 20;
/** So long after it was listed, a segment of these playlists may have left: they are 5 s long. */
const LISTED_MS = 5000;
/** Where timers come so late, servers do not answer each other in time, and say so by a 503. */
const BUSY_MS = 300;
/** Name of a segment that only one server has. */
const MARKED = /-\d+_\w+\.\w+$/;

interface Answer {
  readonly status: number;
  readonly bytes: Uint8Array;
  /** No cache may keep it. */
  readonly isForNow: boolean;
}

/** What a server process has listed last. */
interface Shown {
  readonly processId: number;
  readonly first: number;
  readonly last: number;
}

/**
 * A viewer by HLS behind a balancer: each playlist comes from another server, and what it lists new from the same one.
 * Whatever is killed, numbers of a server never fall, also after its restart, a listed segment is there, and its address
 * means the same bytes on all servers.
 */
export class HlsPlayer implements Disposable {
  readonly stream: string;
  readonly flaws: string[] = [];
  segments = 0;
  /** 503 while this machine was busy. */
  excused = 0;
  /** When the newest segment came, by `performance.now()`. */
  lastSegmentAtMs = 0;
  readonly #servers: readonly HlsServer[];
  readonly #book: SegmentBook;
  readonly #lateness: Pick<Lateness, "recentMs">;
  readonly #shown = new Map<string, Shown>();
  /** Addresses that it has got, by server: each server is asked for all that it lists. */
  readonly #got = new Set<string>();
  readonly #gone = new AbortController();
  #newest = -1;
  #turn: number;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param first Which of the servers is asked first. @param book What all have got. */
  constructor(
    stream: string,
    servers: readonly HlsServer[],
    first: number,
    { book, lateness }: { book: SegmentBook; lateness: Pick<Lateness, "recentMs"> },
  ) {
    this.#lateness = lateness;
    this.stream = stream;
    this.#servers = servers;
    this.#turn = first;
    this.#book = book;
    void this.#poll();
  }

  [Symbol.dispose](): void {
    this.#gone.abort();
    clearTimeout(this.#timer);
  }

  async #poll(): Promise<void> {
    const server = this.#servers[this.#turn++ % this.#servers.length]!;
    const processId = server.processId();
    const askedAtMs = performance.now();
    const answer = await this.#get(server, `${this.stream}.m3u8`);
    // One that was restarted meanwhile: nobody knows who has answered.
    if (answer?.status === 200 && server.processId() === processId) {
      await this.#onPlaylist(server, new TextDecoder().decode(answer.bytes), askedAtMs);
    }
    if (!this.#gone.signal.aborted) this.#timer = setTimeout(() => this.#poll(), POLL_MS);
  }

  async #onPlaylist(server: HlsServer, text: string, askedAtMs: number): Promise<void> {
    const listed = readPlaylist(text);
    if (typeof listed === "string") return this.#flaw(`${server.name}: ${listed}`);
    const [first, last] = [listed[0], listed.at(-1)];
    if (first === undefined || last === undefined) return this.#flaw(`${server.name}: an empty playlist`);
    const processId = server.processId();
    this.#checkOrder(server.name, { processId, first: first.number, last: last.number });
    if (last.number > this.#newest) this.lastSegmentAtMs = performance.now();
    this.#newest = Math.max(this.#newest, last.number);
    for (const segment of listed) {
      if (segment.isGap || this.#gone.signal.aborted) continue;
      if (server.processId() !== processId) return;
      await this.#fetch(server, segment, askedAtMs + LISTED_MS);
    }
  }

  #checkOrder(name: string, now: Shown): void {
    const before = this.#shown.get(name);
    this.#shown.set(name, now);
    if (before === undefined) return;
    const changed = before.processId === now.processId ? "" : ", after a restart";
    for (const end of ["first", "last"] as const) {
      if (now[end] >= before[end]) continue;
      this.#flaw(`the ${end} number of ${name} falls from ${before[end]} to ${now[end]}${changed}`);
    }
  }

  /** @param untilMs It may not be there any more then. */
  async #fetch(server: HlsServer, { address }: ListedSegment, untilMs: number): Promise<void> {
    const id = `${server.name} ${server.processId()} ${address}`;
    if (this.#got.has(id)) return;
    const processId = server.processId();
    const answer = await this.#get(server, address);
    if (answer === null || server.processId() !== processId) return;
    // All of them are told the owner's time.
    if (MARKED.test(address)) this.#flaw(`${address} of ${server.name} bears a mark of its own`);
    if (answer.status === 404 && performance.now() > untilMs) return;
    if (answer.status === 503 && this.#lateness.recentMs > BUSY_MS) return void this.excused++;
    if (answer.status !== 200) return this.#flaw(`${answer.status} for ${address} of ${server.name}, which lists it`);
    this.#got.add(id);
    // By now it is a gap there, for whose place there are bytes, though not for ever.
    if (answer.isForNow) return;
    this.segments++;
    const flaw = this.#book.note(address, answer.bytes, server.name);
    if (flaw !== "") this.#flaw(flaw);
  }

  async #get({ port }: HlsServer, name: string): Promise<Answer | null> {
    try {
      const signal = AbortSignal.any([this.#gone.signal, AbortSignal.timeout(PATIENCE_MS)]);
      const response = await fetch(`http://127.0.0.1:${port}/live/${name}`, { signal });
      const isForNow = response.headers.get("cache-control") === "no-store";
      return { status: response.status, bytes: new Uint8Array(await response.arrayBuffer()), isForNow };
    } catch {
      // It was killed, or stands still.
      return null;
    }
  }

  #flaw(text: string): void {
    if (this.flaws.length < MAX_FLAWS) this.flaws.push(`HLS of ${this.stream}: ${text}`);
  }
}
