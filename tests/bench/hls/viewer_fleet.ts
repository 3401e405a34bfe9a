import { type Quantiles, quantiles } from "../../../src/cli/load/quantiles.ts";
import { HttpClient } from "./http_client.ts";

/** Whom to watch, and how often. */
export interface ViewerOptions {
  readonly host: string;
  readonly port: number;
  /** Of the playlist. */
  readonly path: string;
  readonly viewers: number;
  /** From the first viewer to the last. */
  readonly rampMs: number;
  /** Playlists may come compressed. */
  readonly takesGzip: boolean;
}

/** What viewers got since {@link ViewerFleet.begin}. */
export interface ViewerWindow {
  viewers: number;
  /** Have had a segment, and go on. */
  watching: number;
  bytes: number;
  playlists: number;
  segments: number;
  /** Segments that had left the playlist before they were fetched. */
  missed: number;
  failures: string[];
  /** From the request for a segment to its last byte. */
  segmentMs: Quantiles;
}

interface Counters {
  bytes: number;
  playlists: number;
  segments: number;
  missed: number;
  segmentMs: number[];
}

const READY_AFTER_RAMP_MS = 40_000;
/** As hls.js begins, in segments from the end. */
const START_BEHIND = 3;
const MAX_FAILURES = 20;

/** Watches a stream of HLS many times as players do, each on a connection that it keeps, at the least cost. */
export class ViewerFleet {
  readonly #options: ViewerOptions;
  readonly #viewers: Viewer[];
  readonly #failures = new Set<string>();
  readonly #counters: Counters = { bytes: 0, playlists: 0, segments: 0, missed: 0, segmentMs: [] };

  constructor(options: ViewerOptions) {
    this.#options = options;
    this.#viewers = Array.from({ length: options.viewers }, () => new Viewer(options, this.#counters));
  }

  /** Starts all viewers, spread over the ramp; settles when all have had a segment or have failed. */
  async start(): Promise<ViewerWindow> {
    const { rampMs } = this.#options;
    this.#viewers.forEach((viewer, i) =>
      setTimeout(() => {
        viewer.watch().catch((error) => {
          viewer.hasFailed = true;
          if (this.#failures.size < MAX_FAILURES) this.#failures.add(String(error));
        });
      }, rampMs * i / this.#viewers.length)
    );
    const untilMs = performance.now() + rampMs + READY_AFTER_RAMP_MS;
    while (performance.now() < untilMs && !this.#viewers.every(({ hasBegun, hasFailed }) => hasBegun || hasFailed)) {
      await sleep(50);
    }
    return this.report();
  }

  /** Starts a window: counters go back to zero. */
  begin(): void {
    Object.assign(this.#counters, { bytes: 0, playlists: 0, segments: 0, missed: 0, segmentMs: [] });
  }

  report(): ViewerWindow {
    const { segmentMs, ...counters } = this.#counters;
    return {
      ...counters,
      viewers: this.#viewers.length,
      watching: this.#viewers.filter(({ hasBegun, hasFailed }) => hasBegun && !hasFailed).length,
      failures: [...this.#failures],
      segmentMs: quantiles(segmentMs),
    };
  }
}

class Viewer {
  hasBegun = false;
  hasFailed = false;
  readonly #options: ViewerOptions;
  readonly #counters: Counters;
  #next = -1;

  constructor(options: ViewerOptions, counters: Counters) {
    this.#options = options;
    this.#counters = counters;
  }

  /** Until something fails. */
  async watch(): Promise<never> {
    const { host, port, takesGzip } = this.#options;
    let { path } = this.#options;
    const client = await HttpClient.connect(host, port);
    const fields = takesGzip ? "Accept-Encoding: gzip\r\n" : "";
    let before = "";
    for (let waitMs = 0;; await sleep(waitMs)) {
      const askedMs = performance.now();
      const { status, text } = await client.get(path, { keepsBody: true, fields });
      if (status !== 200) throw new Error(`playlist: ${status}`);
      this.#count(client.takeBytes());
      this.#counters.playlists++;
      const session = sessionOf(text);
      if (session !== null) {
        path = beside(path, session);
        waitMs = 0;
        continue;
      }
      const { targetMs, first, uris } = readList(text);
      const last = first + uris.length;
      if (this.#next < 0) this.#next = Math.max(first, last - START_BEHIND);
      if (this.#next < first) this.#counters.missed += first - this.#next;
      for (this.#next = Math.max(first, this.#next); this.#next < last; this.#next++) {
        await this.#fetch(client, beside(path, uris[this.#next - first]!));
      }
      // As RFC 8216 §6.3.4 has it: after one target duration, half of that where nothing was new.
      waitMs = Math.max(0, (text === before ? targetMs / 2 : targetMs) - (performance.now() - askedMs));
      before = text;
    }
  }

  async #fetch(client: HttpClient, path: string): Promise<void> {
    const askedMs = performance.now();
    const { status } = await client.get(path, { keepsBody: false, fields: "" });
    this.#count(client.takeBytes());
    if (status === 404) {
      // It was listed for as long as a segment has to be there; the viewer came too late.
      this.#counters.missed++;
      return;
    }
    if (status !== 200) throw new Error(`${path}: ${status}`);
    this.#counters.segments++;
    this.#counters.segmentMs.push(performance.now() - askedMs);
    this.hasBegun = true;
  }

  #count(bytes: number): void {
    this.#counters.bytes += bytes;
  }
}

/** The playlist of the viewer's own session, where this one lists nothing else. */
function sessionOf(text: string): string | null {
  if (!text.includes("#EXT-X-STREAM-INF")) return null;
  return text.split("\n").find((line) => line !== "" && !line.startsWith("#"))?.trim() ?? null;
}

/** The path that an address in a playlist means. */
function beside(path: string, address: string): string {
  if (address.startsWith("/")) return address;
  const [bare = ""] = path.split("?");
  return bare.slice(0, bare.lastIndexOf("/") + 1) + address;
}

/** What a viewer needs of a playlist. */
function readList(text: string): { targetMs: number; first: number; uris: string[] } {
  return {
    targetMs: 1000 * Number(/#EXT-X-TARGETDURATION:(\d+)/.exec(text)?.[1] ?? 2),
    first: Number(/#EXT-X-MEDIA-SEQUENCE:(\d+)/.exec(text)?.[1] ?? 0),
    uris: text.split("\n").filter((line) => line !== "" && !line.startsWith("#")),
  };
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
