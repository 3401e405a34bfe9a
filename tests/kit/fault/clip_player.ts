import { MessageType, type RtmpMessage } from "../../../src/rtmp/message.ts";
import { FollowingClient } from "../peers/following_client.ts";
import { Program } from "../launcher.ts";
import { type PacketHashes, playHashes } from "../media/media.ts";
import type { FaultPlayer } from "./fault_player.ts";

const MAX_FLAWS = 20;
const RETRY_MS = 100;

/** A player of a file that somebody publishes over and over; it comes back when its connection ends. */
export class ClipPlayer extends FollowingClient implements FaultPlayer {
  readonly url: string;
  readonly kind = "player";
  readonly drops: string[] = [];
  readonly flaws: string[] = [];
  readonly sessionAtMs = new Map<number, number>();
  lastFrameAtMs = 0;
  #gapMs = 0;
  #lastTimestampMs = 0;
  readonly #hashes: PacketHashes;
  readonly #known: ReadonlySet<string>;
  /** Number of the video frame that came last. */
  #at = -1;
  #gone = false;

  /** @param hashes Of all packets of the file. */
  constructor(url: string, hashes: PacketHashes) {
    super(url);
    this.url = url;
    this.#hashes = hashes;
    this.#known = new Set([...hashes.video, ...hashes.audio]);
  }

  mark(): void {
    this.#gapMs = 0;
    this.drops.length = this.flaws.length = 0;
  }

  gapMs(): number {
    return Math.max(this.#gapMs, performance.now() - this.lastFrameAtMs);
  }

  override [Symbol.dispose](): void {
    this.#gone = true;
    super[Symbol.dispose]();
  }

  protected override onEnd(reason: string): void {
    if (this.#gone) return;
    this.drops.push(reason);
    setTimeout(() => this.#gone || this.dial(this.url), RETRY_MS);
  }

  protected override onMedia(message: RtmpMessage): void {
    const { video, audio } = this;
    const before = video.length + audio.length;
    super.onMedia(message);
    if (video.length + audio.length === before) return;
    const isVideo = message.typeId === MessageType.Video;
    const hash = (isVideo ? video : audio).at(-1)!;
    if (!this.#known.has(hash)) this.#flaw(`a frame of ${message.payload.length} bytes was changed on the way`);
    const nowMs = performance.now();
    if (this.lastFrameAtMs > 0) {
      this.#gapMs = Math.max(this.#gapMs, nowMs - this.lastFrameAtMs);
      const stepMs = message.timestampMs - this.#lastTimestampMs;
      if (stepMs < 0) this.#flaw(`time goes back by ${-stepMs} ms`);
    }
    if (isVideo) this.#followVideo(hash, message.payload[0]! >> 4 === 1);
    this.lastFrameAtMs = nowMs;
    this.#lastTimestampMs = message.timestampMs;
  }

  /** Each frame is the one behind the last, or a keyframe. */
  #followVideo(hash: string, isKeyframe: boolean): void {
    const { video } = this.#hashes;
    const next = (this.#at + 1) % video.length;
    if (video[next] === hash) this.#at = next;
    else {
      this.#at = video.indexOf(hash);
      if (!isKeyframe) this.#flaw(`frame ${this.#at} does not follow frame ${next - 1}, and is no keyframe`);
    }
  }

  #flaw(text: string): void {
    if (this.flaws.length < MAX_FLAWS) this.flaws.push(text);
  }
}

/** ffmpeg, printing a line for each packet as it comes. */
export class FfmpegPlayer implements FaultPlayer {
  readonly url: string;
  readonly kind = "player";
  readonly drops: string[] = [];
  readonly flaws: string[] = [];
  readonly sessionAtMs = new Map<number, number>();
  lastFrameAtMs = 0;
  #gapMs = 0;
  #rest = "";
  #gone = false;
  readonly #program: Program;
  readonly #times = new Map<string, number>();

  constructor(url: string) {
    this.url = url;
    this.#program = new Program(playHashes(url));
    this.#program.onOutput = (text) => this.#onOutput(text);
    this.#program.ended.then(() => {
      if (!this.#gone) this.drops.push(`ffmpeg ended: ${this.#program.output.slice(-300)}`);
    });
  }

  mark(): void {
    this.#gapMs = 0;
    this.drops.length = this.flaws.length = 0;
  }

  gapMs(): number {
    return Math.max(this.#gapMs, performance.now() - this.lastFrameAtMs);
  }

  [Symbol.dispose](): void {
    this.#gone = true;
    this.#program.kill("SIGKILL");
  }

  #onOutput(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop()!;
    for (const line of lines) this.#onLine(line);
  }

  #onLine(line: string): void {
    const [stream, dts, , , , hash] = line.split(",").map((part) => part.trim());
    if (line.startsWith("#")) return;
    // Decoders and demuxers complain on the same stream.
    if (hash === undefined) return void (line !== "" && this.flaws.push(`ffmpeg says: ${line}`));
    const nowMs = performance.now();
    if (this.lastFrameAtMs > 0) this.#gapMs = Math.max(this.#gapMs, nowMs - this.lastFrameAtMs);
    this.lastFrameAtMs = nowMs;
    const time = Number(dts);
    if (time < (this.#times.get(stream!) ?? -Infinity)) {
      this.flaws.push(`time of stream ${stream} goes back to ${time}`);
    }
    this.#times.set(stream!, time);
  }
}
