/**
 * Publishes M streams in real time, for measurements of any RTMP server.
 *
 *     deno run -A tests/bench/load_publisher.ts rtmp://127.0.0.1:1935/live/bench --kbps 2500
 *     deno run -A tests/bench/load_publisher.ts rtmp://127.0.0.1:1935/live/bench --file clip.flv --streams 4
 *
 * Stream names are NAME for one stream, NAME0, NAME1 ... for more. Frames of the streams are spread over time, as those
 * of real encoders. Prints JSON lines, see `control.ts`.
 */
import { parseArgs } from "@std/cli/parse-args";
import { parseRtmpUrl, runLoad } from "./control.ts";
import { encodeChunks, RtmpClient, SEND_CHUNK_SIZE } from "./rtmp_client.ts";
import { FlvLoop, FPS, type MediaSource, type MediaTag, stampTag, SyntheticMedia } from "./synthetic_media.ts";

/** Stream number `index` of `count`. */
export function streamName(name: string, index: number, count: number): string {
  return count === 1 ? name : `${name}${index}`;
}

const MAX_PENDING_BYTES = 16 << 20;
const CSID = { 8: 4, 9: 6, 18: 5 } as const;

const counters = { messages: 0, bytes: 0, dropped: 0 };
let alive = 0;

class Publisher {
  readonly #client: RtmpClient;
  readonly #source: MediaSource;
  /** When the stream's time 0 was, by `performance.now()`. */
  readonly #startAtMs: number;
  readonly #portionMs: number;
  #next: MediaTag;
  #pendingBytes = 0;
  /** When there will be something to send. */
  nextAtMs: number;

  constructor(client: RtmpClient, source: MediaSource, options: { startAtMs: number; portionMs: number }) {
    this.#client = client;
    this.#source = source;
    this.#startAtMs = this.nextAtMs = options.startAtMs;
    this.#portionMs = options.portionMs;
    this.#next = source.next();
    this.#send(source.headers);
  }

  /** Sends what is due, in one write. */
  sendUntil(nowMs: number): void {
    const due: MediaTag[] = [];
    const streamMs = nowMs - this.#startAtMs;
    for (; this.#next.timestampMs <= streamMs; this.#next = this.#source.next()) due.push(this.#next);
    if (due.length > 0) this.#send(due);
    this.nextAtMs = Math.max(this.#startAtMs + this.#next.timestampMs, nowMs + this.#portionMs);
  }

  #send(tags: MediaTag[]): void {
    if (this.#pendingBytes > MAX_PENDING_BYTES) {
      counters.dropped += tags.length;
      return;
    }
    const sentAtMs = performance.timeOrigin + performance.now();
    const parts = tags.map((tag) => {
      stampTag(tag, sentAtMs);
      const header = { csid: CSID[tag.typeId], typeId: tag.typeId, msid: this.#client.msid };
      return encodeChunks({ ...header, timestampMs: tag.timestampMs }, tag.payload, SEND_CHUNK_SIZE);
    });
    const bytes = parts.length === 1 ? parts[0]! : concat(parts);
    counters.messages += tags.length;
    counters.bytes += bytes.length;
    this.#pendingBytes += bytes.length;
    this.#client.send(bytes).catch(() => {}).finally(() => this.#pendingBytes -= bytes.length);
  }
}

function concat(parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

async function main(): Promise<void> {
  const args = parseArgs(Deno.args, {
    string: ["file", "kbps", "streams", "portion", "window", "windows"],
    boolean: ["control"],
    // `portion`: milliseconds of media in one write, as what comes from another server; 0: each frame on its own.
    default: { kbps: "2500", streams: "1", portion: "0", window: "10", windows: "1000000" },
  });
  const { host, port, app, stream } = parseRtmpUrl(String(args._[0]));
  const count = Number(args.streams);
  const portionMs = Number(args.portion);
  const file = args.file === undefined ? null : await Deno.readFile(args.file);
  const clients: RtmpClient[] = [];
  for (let i = 0; i < count; i++) {
    const name = streamName(stream, i, count);
    const client = await RtmpClient.connect({ host, port, app, stream: name, role: "publish", bufferBytes: 4096 });
    client.run().then(() => alive--);
    alive++;
    await client.started;
    clients.push(client);
  }
  const nowMs = performance.now();
  const spreadMs = Math.max(1000 / FPS, portionMs);
  pace(clients.map((client, i) => {
    const source = file === null ? new SyntheticMedia(Number(args.kbps)) : new FlvLoop(file);
    return new Publisher(client, source, { startAtMs: nowMs + spreadMs * i / count, portionMs });
  }));
  await runLoad({
    ready: Promise.resolve({ publishers: count }),
    begin: () => Object.assign(counters, { messages: 0, bytes: 0, dropped: 0 }),
    report: () => ({ publishers: count, alive, ...counters }),
  }, { control: args.control, windowSeconds: Number(args.window), windows: Number(args.windows) });
}

function pace(publishers: Publisher[]): void {
  const step = () => {
    const nowMs = performance.now();
    let nextAtMs = Infinity;
    for (const publisher of publishers) {
      if (publisher.nextAtMs <= nowMs) publisher.sendUntil(nowMs);
      if (publisher.nextAtMs < nextAtMs) nextAtMs = publisher.nextAtMs;
    }
    setTimeout(step, Math.max(1, nextAtMs - performance.now()));
  };
  step();
}

if (import.meta.main) await main();
