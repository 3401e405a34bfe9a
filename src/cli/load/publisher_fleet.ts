import { numberedStream } from "./player_fleet.ts";
import { encodeLoadChunks, RtmpLoadClient, SEND_CHUNK_SIZE } from "./rtmp_load_client.ts";
import { FlvLoop, FPS, type MediaSource, type MediaTag, stampTag, SyntheticMedia } from "./synthetic_media.ts";

/** What to publish, and where. */
export interface PublisherFleetOptions {
  readonly host: string;
  readonly port: number;
  readonly app: string;
  readonly stream: string;
  readonly streams: number;
  /** Of each stream, where there is no file. */
  readonly kbps: number;
  /** An FLV file; null for made-up media with stamps. */
  readonly file: Uint8Array<ArrayBuffer> | null;
  /** Media of one write in ms, as what comes from another server; 0: each frame on its own. */
  readonly portionMs: number;
}

/** What was sent since {@link PublisherFleet.begin}. */
export interface PublishCounters {
  messages: number;
  bytes: number;
  /** Left out because the server took too little. */
  dropped: number;
}

const MAX_PENDING_BYTES = 16 << 20;
const CSID = { 8: 4, 9: 6, 18: 5 } as const;

/** Publishes streams in real time; their frames are spread over time, as those of real encoders. */
export class PublisherFleet {
  readonly #options: PublisherFleetOptions;
  readonly #counters: PublishCounters = { messages: 0, bytes: 0, dropped: 0 };
  readonly #clients: RtmpLoadClient[] = [];
  #timer: ReturnType<typeof setTimeout> | null = null;
  #alive = 0;

  constructor(options: PublisherFleetOptions) {
    this.#options = options;
  }

  /** Starts all streams. Throws what the first refusal says. */
  async start(): Promise<{ publishers: number }> {
    const { host, port, app, stream, streams, file, kbps, portionMs } = this.#options;
    for (let i = 0; i < streams; i++) {
      const name = numberedStream(stream, i, streams);
      const client = await RtmpLoadClient.connect({
        host,
        port,
        app,
        stream: name,
        role: "publish",
        bufferBytes: 4096,
      });
      this.#clients.push(client);
      client.run().then(() => this.#alive--);
      this.#alive++;
      await client.started;
    }
    const nowMs = performance.now();
    const spreadMs = Math.max(1000 / FPS, portionMs);
    this.#pace(this.#clients.map((client, i) => {
      const source = file === null ? new SyntheticMedia(kbps) : new FlvLoop(file);
      const startAtMs = nowMs + spreadMs * i / streams;
      return new LoadPublisher(client, source, { startAtMs, portionMs, counters: this.#counters });
    }));
    return { publishers: streams };
  }

  /** Starts a window: counters go back to zero. */
  begin(): void {
    Object.assign(this.#counters, { messages: 0, bytes: 0, dropped: 0 });
  }

  report(): PublishCounters & { publishers: number; alive: number } {
    return { publishers: this.#options.streams, alive: this.#alive, ...this.#counters };
  }

  /** Ends all connections. */
  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    for (const client of this.#clients) client.close();
  }

  #pace(publishers: LoadPublisher[]): void {
    const step = () => {
      const nowMs = performance.now();
      let nextAtMs = Infinity;
      for (const publisher of publishers) {
        if (publisher.nextAtMs <= nowMs) publisher.sendUntil(nowMs);
        if (publisher.nextAtMs < nextAtMs) nextAtMs = publisher.nextAtMs;
      }
      this.#timer = setTimeout(step, Math.max(1, nextAtMs - performance.now()));
    };
    step();
  }
}

/** One stream. */
class LoadPublisher {
  readonly #counters: PublishCounters;
  readonly #client: RtmpLoadClient;
  readonly #source: MediaSource;
  /** When the stream's time 0 was, by `performance.now()`. */
  readonly #startAtMs: number;
  readonly #portionMs: number;
  #next: MediaTag;
  #pendingBytes = 0;
  /** When there will be something to send. */
  nextAtMs: number;

  constructor(
    client: RtmpLoadClient,
    source: MediaSource,
    options: { startAtMs: number; portionMs: number; counters: PublishCounters },
  ) {
    this.#counters = options.counters;
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
      this.#counters.dropped += tags.length;
      return;
    }
    const sentAtMs = performance.timeOrigin + performance.now();
    const parts = tags.map((tag) => {
      stampTag(tag, sentAtMs);
      const header = { csid: CSID[tag.typeId], typeId: tag.typeId, msid: this.#client.msid };
      return encodeLoadChunks({ ...header, timestampMs: tag.timestampMs }, tag.payload, SEND_CHUNK_SIZE);
    });
    const bytes = parts.length === 1 ? parts[0]! : concat(parts);
    this.#counters.messages += tags.length;
    this.#counters.bytes += bytes.length;
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
