import { createHash } from "node:crypto";
import { systemTimers } from "../../../src/base/clock.ts";
import { networkOf } from "../../../src/net/network.ts";
import { systemWorld } from "../../../src/net/system_world.ts";
import { RtmpClient } from "../../../src/upstream/client/rtmp_client.ts";
import { parseTarget } from "../../../src/upstream/target.ts";
import { MessageType, type RtmpMessage } from "../../../src/rtmp/message.ts";
import { parseStreamUrl } from "../../../src/rtmp/url.ts";
import { edgeIdentity } from "../../../src/server/identity.ts";

/** How a {@link FollowingClient} presents itself. */
export type ClientKind = "edge" | "player";

/** A player that follows RTMP 302, as SRS's edge does, and remembers what it saw. */
export class FollowingClient implements Disposable {
  /** Servers visited, `host:port`, in order. */
  readonly visited: string[] = [];
  /** MD5 of each frame's codec data, as ffmpeg's `framemd5` prints it. */
  readonly video: string[] = [];
  readonly audio: string[] = [];
  /** Times of the frames, in the order they came. */
  readonly timestampsMs: number[] = [];
  /** Longest wall-clock time between two frames. */
  worstGapMs = 0;
  /** Why the last connection ended. */
  ended = "";
  readonly #as: ClientKind;
  #client: RtmpClient | null = null;
  #lastMs = 0;
  #disposed = false;

  /**
   * Starts to play; what comes of it shows in the fields.
   *
   * @param as Servers redirect what they know for an edge.
   */
  constructor(url: string, as: ClientKind = "player") {
    this.#as = as;
    this.dial(url);
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#client?.close();
  }

  /** Plays from an address, from the beginning of the dialogue. */
  protected async dial(address: string): Promise<void> {
    const target = parseTarget(address)!;
    const at = address.lastIndexOf("/");
    const url = parseStreamUrl(address.slice(0, at), address.slice(at + 1));
    this.visited.push(target.text);
    try {
      this.#client = await RtmpClient.connect({
        host: target.host,
        port: target.port,
        connectTimeoutMs: 3000,
        handshakeTimeoutMs: 3000,
        timers: systemTimers,
        network: networkOf(systemWorld),
        session: {
          role: "play",
          tcUrl: `rtmp://${target.text}/${url.app}`,
          app: url.app,
          name: `${url.stream}${url.query}`,
          chunkSizeBytes: 60_000,
          handshake: "simple",
          ...(this.#as === "edge" ? { connectArgs: edgeIdentity() } : {}),
        },
      }, {
        onMedia: (message) => this.onMedia(message),
        onEvent: (event) => {
          if (event.kind === "refused") this.ended = `${event.status.code}: ${event.status.description}`;
          if (event.kind !== "redirect" || this.#disposed) return;
          this.#client?.close();
          this.dial(event.url);
        },
        onEnd: (error) => this.onEnd(error.message),
      });
      if (this.#disposed) this.#client.close();
    } catch (error) {
      this.onEnd(String(error));
    }
  }

  /** The last connection is over, other than by a redirect. */
  protected onEnd(reason: string): void {
    if (this.ended === "") this.ended = reason;
  }

  /** Every message of the stream. */
  protected onMedia({ typeId, timestampMs, payload }: RtmpMessage): void {
    const isVideo = typeId === MessageType.Video;
    if (!isVideo && typeId !== MessageType.Audio) return;
    // Sequence headers (AVCPacketType or AACPacketType 0) and the end of a sequence (2) are no frames.
    if (payload[1] === 0 || (isVideo && payload[1] === 2)) return;
    (isVideo ? this.video : this.audio).push(createHash("md5").update(payload.subarray(isVideo ? 5 : 2)).digest("hex"));
    this.timestampsMs.push(timestampMs);
    const nowMs = performance.now();
    if (this.#lastMs > 0) this.worstGapMs = Math.max(this.worstGapMs, nowMs - this.#lastMs);
    this.#lastMs = nowMs;
  }
}
