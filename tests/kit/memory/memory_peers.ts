import type { AmfObject } from "../../../src/amf/amf0.ts";
import { networkOf } from "../../../src/net/network.ts";
import type { ClientEvent } from "../../../src/rtmp/client_session.ts";
import { MessageType, type RtmpMessage } from "../../../src/rtmp/message.ts";
import { RtmpClient } from "../../../src/upstream/client/rtmp_client.ts";
import type { MemoryHost } from "./memory_host.ts";
import type { MemorySocket } from "./memory_socket.ts";
import { audio, audioHeader, inter, key, label, metadata, videoHeader } from "../media/packets.ts";

/** What a client says of itself: words of its `connect`. */
export interface PeerWords {
  pageUrl?: string;
  connectArgs?: AmfObject;
}

/** One RTMP client in a world of the test's making. */
class MemoryPeer implements Disposable {
  readonly events: ClientEvent[] = [];
  /** Why the connection ended; empty while it lives. */
  ended = "";
  protected client: RtmpClient | null = null;
  #socket: MemorySocket | null = null;

  constructor(protected readonly world: MemoryHost, readonly words: PeerWords = {}) {}

  /** Its connection. */
  get socket(): MemorySocket {
    return this.#socket!;
  }

  /** The server lets it play or publish. */
  get isReady(): boolean {
    return this.ended === "" && this.events.some(({ kind }) => kind === "ready") &&
      !this.events.some(({ kind }) => kind === "refused");
  }

  /** Says that it is a server. */
  announce(text: string): void {
    this.client?.announce(text);
  }

  /** @param address `host:port` of a server. */
  protected async connect(role: "play" | "publish", address: string, stream: string): Promise<void> {
    const [host = "", port] = address.split(":");
    this.client = await RtmpClient.connect({
      host,
      port: Number(port),
      connectTimeoutMs: 1000,
      handshakeTimeoutMs: 30_000,
      timers: this.world,
      network: networkOf(this.world),
      session: {
        role,
        tcUrl: `rtmp://${address}/live`,
        app: "live",
        name: stream,
        chunkSizeBytes: 60_000,
        handshake: "simple",
        ...this.words,
      },
    }, {
      onMedia: (message) => this.onMedia(message),
      onEvent: (event) => {
        this.events.push(event);
        if (event.kind === "ready") this.onReady();
      },
      onEnd: ({ message }) => this.ended = message,
    });
    this.#socket = this.world.dialled.at(-1)!;
  }

  protected onReady(): void {}
  protected onMedia(_message: RtmpMessage): void {}

  [Symbol.dispose](): void {
    this.client?.close();
  }
}

/** Publishes numbered frames, 50 a second of simulated time, a keyframe every second. */
export class MemoryPublisher extends MemoryPeer {
  #id = 0;
  #fromMs = 0;
  #isSilent = false;
  #hasMetadata = true;

  /** @param how `fromMs`: time of the first frame. */
  static async start(
    world: MemoryHost,
    address: string,
    stream: string,
    firstId = 10,
    { fromMs = 0, hasMetadata = true, ...words }: PeerWords & { fromMs?: number; hasMetadata?: boolean } = {},
  ): Promise<MemoryPublisher> {
    const publisher = new MemoryPublisher(world, words);
    publisher.#id = firstId;
    publisher.#fromMs = fromMs;
    publisher.#hasMetadata = hasMetadata;
    await publisher.connect("publish", address, stream);
    return publisher;
  }

  protected override onReady(): void {
    if (this.#isSilent) return;
    if (this.#hasMetadata) this.send(metadata(1));
    for (const packet of [videoHeader(2), audioHeader(3)]) this.send(packet);
    this.#go(this.#fromMs);
  }

  /** Stays, and sends nothing more. */
  fallSilent(): void {
    this.#isSilent = true;
  }

  #go(timeMs: number): void {
    if (this.ended !== "" || this.#isSilent) return;
    const isVideo = this.#id % 2 === 0;
    const frame = isVideo ? this.#id % 50 === 0 ? key : inter : audio;
    this.send(frame(this.#id++, timeMs));
    this.world.after(20, () => this.#go(timeMs + 20));
  }

  send({ kind, timestampMs, payload }: ReturnType<typeof key>): void {
    const typeId = kind === "audio" ? MessageType.Audio : kind === "video" ? MessageType.Video : MessageType.Data;
    this.client?.publish(typeId, timestampMs, payload);
  }
}

/** Plays, and keeps what came. */
export class MemoryViewer extends MemoryPeer {
  /** Labels of the frames, in the order they came. */
  readonly frames: string[] = [];
  readonly timestampsMs: number[] = [];
  /** When each frame came. */
  readonly arrivedMs: number[] = [];
  /** Everything, in the order it came. */
  readonly labels: string[] = [];
  /** Longest simulated time between two frames. */
  worstGapMs = 0;
  #lastMs = 0;

  static async start(
    world: MemoryHost,
    address: string,
    stream: string,
    words: PeerWords = {},
  ): Promise<MemoryViewer> {
    const viewer = new MemoryViewer(world, words);
    await viewer.connect("play", address, stream);
    return viewer;
  }

  protected override onMedia(message: RtmpMessage): void {
    const text = label(message);
    this.labels.push(text);
    if (!/^[KIA]\d/.test(text)) return;
    this.frames.push(text);
    this.timestampsMs.push(message.timestampMs);
    const nowMs = this.world.nowMs();
    this.arrivedMs.push(nowMs);
    if (this.#lastMs > 0) this.worstGapMs = Math.max(this.worstGapMs, nowMs - this.#lastMs);
    this.#lastMs = nowMs;
  }
}
