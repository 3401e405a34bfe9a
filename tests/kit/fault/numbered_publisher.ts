import { systemTimers } from "../../../src/base/clock.ts";
import { networkOf } from "../../../src/net/network.ts";
import { systemWorld } from "../../../src/net/system_world.ts";
import { RtmpClient } from "../../../src/upstream/client/rtmp_client.ts";
import { parseTarget } from "../../../src/upstream/target.ts";
import { encodeFrame, headers, type OutgoingFrame } from "./numbered_media.ts";

/** How a {@link NumberedPublisher} publishes. */
export interface PublisherOptions {
  /** Video and audio together. */
  kbps?: number;
  /** Distance of keyframes. */
  gopMs?: number;
  /** Counts its sessions from here, where two publish the same stream. */
  firstSession?: number;
  /** A server that takes nothing for so long is left for the next; default: only a closed connection is. */
  stallMs?: number;
  /** Goes where a server asks it to reconnect to, as encoders of enhanced RTMP do. */
  moves?: boolean;
}

const FRAME_MS = 40;
const AUDIO_MS = 24;
const AUDIO_BYTES = 40;
/** A keyframe is as large as so many others. */
const KEYFRAME_WEIGHT = 5;
/** Pause before the next server is tried once all have failed. */
const RETRY_MS = 50;

/**
 * An encoder that goes to the next address as soon as its connection fails: time, headers and pictures begin anew, the
 * numbers of the frames go on.
 */
export class NumberedPublisher implements Disposable {
  readonly urls: readonly string[];
  /** Host and port that takes the stream; empty while none does. */
  server = "";
  /** Times of the first keyframes, by session. */
  readonly startedAtMs = new Map<number, number>();
  /** Why connections ended. */
  readonly ends: string[] = [];
  /** Addresses that servers asked it to reconnect to. */
  readonly moves: string[] = [];
  /** Connects to nobody as long as it is set. */
  away = false;
  /** Goes into the headers of the next session. */
  headersVersion = 0;
  session: number;
  readonly #options: Required<PublisherOptions>;
  #number = 0;
  #next = 0;
  #client: RtmpClient | null = null;
  #timer: ReturnType<typeof setInterval> | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #disposed = false;
  #sentBytes = 0;
  #sentAtMs = 0;

  constructor(urls: readonly string[], options: PublisherOptions = {}) {
    this.urls = urls;
    this.#options = { kbps: 100, gopMs: 1000, firstSession: 1, stallMs: Infinity, moves: false, ...options };
    this.session = this.#options.firstSession - 1;
    this.#dial();
  }

  /** Drops the connection, as a crash would, and connects anew at once. */
  crash(): void {
    if (this.server === "") return;
    this.#client?.close();
    this.#onEnd("crashed");
  }

  /** Ends the stream as encoders do. */
  unpublish(): void {
    this.#disposed = true;
    clearInterval(this.#timer);
    clearTimeout(this.#retry);
    this.#client?.unpublish();
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    clearInterval(this.#timer);
    clearTimeout(this.#retry);
    this.#client?.close();
  }

  async #dial(asked?: string): Promise<void> {
    if (this.#disposed) return;
    if (this.away) return void (this.#retry = setTimeout(() => this.#dial(), RETRY_MS));
    const address = asked ?? this.urls[this.#next++ % this.urls.length]!;
    const target = parseTarget(address)!;
    const name = address.slice(address.lastIndexOf("/") + 1);
    let hasMoved = false;
    const isCurrent = () => !hasMoved && (this.#client === null || this.#client === client);
    let client: RtmpClient | null = null;
    try {
      client = await RtmpClient.connect({
        host: target.host,
        port: target.port,
        connectTimeoutMs: 1000,
        handshakeTimeoutMs: 5000,
        timers: systemTimers,
        network: networkOf(systemWorld),
        session: {
          role: "publish",
          tcUrl: address.slice(0, address.lastIndexOf("/")),
          app: "live",
          name,
          chunkSizeBytes: 60_000,
          handshake: "simple",
          canReconnect: this.#options.moves,
        },
      }, {
        onMedia: () => {},
        onEvent: (event) => {
          if (event.kind === "ready") return this.#start(target.text);
          if (event.kind === "reconnectRequest") {
            hasMoved = true;
            return this.#move(`${event.tcUrl}/${name}`);
          }
          if (event.kind !== "refused") return;
          client?.close();
          this.#onEnd(`${event.status.code}: ${event.status.description}`);
        },
        onEnd: (error) => {
          if (isCurrent()) this.#onEnd(error.message);
        },
      });
      this.#client = client;
      if (this.#disposed) client.close();
    } catch (error) {
      this.#onEnd(String(error));
    }
  }

  #move(address: string): void {
    this.moves.push(address);
    clearInterval(this.#timer);
    this.#client?.unpublish();
    this.#client = null;
    this.server = "";
    this.#dial(address);
  }

  #onEnd(reason: string): void {
    clearInterval(this.#timer);
    if (this.#disposed) return;
    this.ends.push(reason);
    // One that was in use is left at once; several that fail in a row are not hammered.
    const pauseMs = this.server !== "" ? 0 : RETRY_MS;
    this.server = "";
    this.#client = null;
    this.#retry = setTimeout(() => this.#dial(), pauseMs);
  }

  #start(server: string): void {
    this.server = server;
    this.session++;
    for (const header of headers(this.headersVersion)) this.#send(header);
    const originMs = performance.now();
    this.startedAtMs.set(this.session, originMs);
    this.#sentAtMs = originMs;
    const { kbps, gopMs } = this.#options;
    const audioKbps = AUDIO_BYTES * 8 / AUDIO_MS;
    const framesPerGop = gopMs / FRAME_MS;
    const videoBytes = (kbps - audioKbps) / 8 * gopMs / (framesPerGop - 1 + KEYFRAME_WEIGHT);
    const due = { video: 0, audio: 0 };
    const step = () => {
      const nowMs = performance.now() - originMs;
      while (Math.min(due.video, due.audio) <= nowMs) {
        const kind = due.video <= due.audio ? "video" : "audio";
        const sentMs = due[kind];
        const isKeyframe = kind === "video" && sentMs % gopMs === 0;
        const bytes = kind === "audio" ? AUDIO_BYTES : videoBytes * (isKeyframe ? KEYFRAME_WEIGHT : 1);
        this.#send(encodeFrame({ kind, isKeyframe, number: this.#number++, session: this.session, sentMs }, bytes | 0));
        due[kind] += kind === "video" ? FRAME_MS : AUDIO_MS;
      }
      this.#checkStall();
    };
    step();
    this.#timer = setInterval(step, 20);
  }

  #checkStall(): void {
    const client = this.#client;
    if (client === null) return;
    const nowMs = performance.now();
    if (client.bytesOut !== this.#sentBytes) {
      this.#sentBytes = client.bytesOut;
      this.#sentAtMs = nowMs;
    } else if (nowMs - this.#sentAtMs > this.#options.stallMs) this.crash();
  }

  #send({ typeId, timestampMs, payload }: OutgoingFrame): void {
    this.#client?.publish(typeId, timestampMs, payload);
  }
}
