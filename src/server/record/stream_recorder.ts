import type { TimerHandle } from "../../base/clock.ts";
import { describeError } from "../../base/errors.ts";
import type { VhostHandle } from "../../config/mod.ts";
import { isCutDue } from "../../record/cut_plan.ts";
import { timestampDiff } from "../../rtmp/timestamp.ts";
import type { LiveSource } from "../../stream/live_source.ts";
import { isFrame, isKeyframe, type MediaPacket } from "../../stream/packet.ts";
import type { PacketTap } from "../../stream/tap.ts";
import { Timeline } from "../../stream/timeline.ts";
import { isDiskFull } from "./disk_error.ts";
import type { RecordingContext } from "./recording_context.ts";
import { RecordingFile } from "./recording_file.ts";

/** After a failure the disk is tried again so often. */
const RETRY_MS = 5000;
/** Distance between the beginnings of two files. */
const LEAST_FILE_MS = 500;
/** Files of one stream that the disk may still have to finish when another one begins. */
const MAX_UNFINISHED = 3;

/**
 * The recording of one stream, over all its publishers that return in time: its packets go into one file after the other.
 *
 * Nothing here waits for the disk. While that is too slow, frames are left out up to the next keyframe; while it fails,
 * nothing is recorded, and it is tried again.
 */
export class StreamRecorder implements PacketTap {
  readonly #context: RecordingContext;
  readonly #key: string;
  readonly #vhost: VhostHandle;
  readonly #onOver: () => void;
  readonly #timeline: Timeline;
  readonly #unfinished = new Set<RecordingFile>();
  #source: LiveSource;
  #file: RecordingFile | null = null;
  #epoch = 0;
  #lastMapped: number | null = null;
  #timeMs = 0;
  /** Video is of no use before the next keyframe. */
  #awaitsKeyframe = true;
  /** The disk was too slow: frames that were left out since; null while none are. */
  #dropped: number | null = null;
  #isFailing = false;
  #retryAtMs = 0;
  #reconnect: TimerHandle | null = null;
  #openedAtMs = -Infinity;
  #isPublishing = false;
  #isOver = false;

  /** @param onOver Nothing more will come of it, but for files that are being finished. */
  constructor(context: RecordingContext, source: LiveSource, vhost: VhostHandle, onOver: () => void) {
    this.#context = context;
    this.#source = source;
    this.#key = source.key;
    this.#vhost = vhost;
    this.#onOver = onOver;
    this.#timeline = new Timeline(vhost.now.dvr.timeJitter);
  }

  /** The stream is published, by another source perhaps than before. */
  from(source: LiveSource): void {
    this.#source = source;
  }

  onPublish(epoch: number): void {
    this.#reconnect?.cancel();
    this.#reconnect = null;
    this.#epoch = epoch;
    this.#isPublishing = true;
    this.#timeline.startSession();
    this.#awaitsKeyframe = true;
    this.#file?.setState("recording");
  }

  onPacket(packet: MediaPacket, _ownerMs = 0): void {
    if (packet.kind !== "script" && isFrame(packet)) return this.#onFrame(packet);
    const file = this.#file;
    if (file === null || this.#dropped !== null) return;
    if (packet.kind === "script" && !isMetadata(packet)) return void file.write(packet, this.#timeMs);
    if (!file.takeHeader(packet, this.#timeMs)) this.#endFile();
  }

  onUnpublish(): void {
    this.#isPublishing = false;
    const waitMs = this.#vhost.now.dvr.dvrReconnectMs;
    if (this.#file === null || waitMs === 0) return void this.end();
    this.#file.flush();
    this.#file.setState("waiting");
    this.#reconnect = this.#context.world.after(waitMs, () => this.end());
  }

  /** Ends the recording. @returns Settles when its files are finished. */
  end(): Promise<unknown> {
    this.#reconnect?.cancel();
    this.#reconnect = null;
    this.#endFile();
    if (!this.#isOver) this.#onOver();
    this.#isOver = true;
    return Promise.all(Array.from(this.#unfinished, ({ finished }) => finished));
  }

  #onFrame(packet: MediaPacket): void {
    const nowMs = this.#context.world.nowMs();
    this.#advance(this.#timeline.mapFrame(packet.timestampMs, nowMs));
    if (this.#isOver || nowMs < this.#retryAtMs) return;
    const isKey = isKeyframe(packet);
    if (!this.#hasRoom(packet, isKey)) return;
    if (this.#isCutDue(isKey)) this.#endFile();
    if (isKey) this.#awaitsKeyframe = false;
    else if (packet.kind === "video" && this.#awaitsKeyframe) return;
    if (this.#file?.write(packet, this.#timeMs) === true) return;
    this.#endFile();
    // A stream that changes its codecs all the time makes no file for each.
    if (nowMs - this.#openedAtMs < LEAST_FILE_MS) return;
    this.#awaitsKeyframe &&= !isKey;
    this.#openedAtMs = nowMs;
    this.#file = this.#open();
    this.#file.write(packet, this.#timeMs);
  }

  /** Time goes on by the distance of timestamps, which wrap. */
  #advance(mapped: number): void {
    this.#timeMs += this.#lastMapped === null ? mapped : timestampDiff(mapped, this.#lastMapped);
    this.#lastMapped = mapped;
  }

  #isCutDue(isKeyframe: boolean): boolean {
    const file = this.#file;
    if (file === null) return false;
    const { dvrPlan: plan, dvrDurationMs: durationMs, dvrWaitKeyframe: waitKeyframe } = this.#vhost.now.dvr;
    const place = { atMs: file.timeOf(this.#timeMs), isKeyframe, videoMs: file.videoMs };
    return isCutDue({ plan, durationMs, waitKeyframe }, place);
  }

  /** Whether there is room in memory for a frame; what does not find any is left out up to the next keyframe. */
  #hasRoom(packet: MediaPacket, isKeyframe: boolean): boolean {
    const { budget, log } = this.#context;
    let queuedBytes = 0;
    for (const each of this.#unfinished) queuedBytes += each.queuedBytes;
    if (this.#dropped === null) {
      if (!budget.isSpent(queuedBytes) && this.#unfinished.size <= MAX_UNFINISHED) return true;
      log.warn(`dvr ${this.#key}: the disk is too slow, frames are left out until it has caught up`);
      this.#dropped = 1;
      this.#file?.skip();
      this.#awaitsKeyframe = true;
      return false;
    }
    const isStart = isKeyframe || (packet.kind === "audio" && !this.#source.hasVideo);
    if (!isStart || !budget.isRoomy(queuedBytes) || this.#unfinished.size > MAX_UNFINISHED) {
      this.#dropped++;
      return false;
    }
    log.warn(`dvr ${this.#key}: goes on, ${this.#dropped} frames are missing`);
    this.#dropped = null;
    return true;
  }

  #open(): RecordingFile {
    const subject = this.#context.subjectOf(this.#key);
    const file = new RecordingFile({
      context: this.#context,
      vhost: this.#vhost,
      subject,
      key: this.#key,
      epoch: this.#epoch,
      headers: this.#source.meta.headers.packets,
      startMs: this.#vhost.now.dvr.timeJitter === "off" ? 0 : this.#timeMs,
      nowMs: this.#timeMs,
      onProgress: () => this.#onProgress(),
      onFailed: (error) => this.#onFailed(file, error),
    });
    this.#unfinished.add(file);
    file.finished.then(() => this.#unfinished.delete(file));
    return file;
  }

  #endFile(): void {
    this.#file?.end();
    this.#file = null;
    if (this.#vhost.now.dvr.dvrWaitKeyframe) this.#awaitsKeyframe = true;
  }

  #onProgress(): void {
    if (!this.#isFailing) return;
    this.#isFailing = false;
    this.#context.log.info(`dvr ${this.#key}: records again`);
  }

  #onFailed(file: RecordingFile, error: unknown): void {
    if (this.#file === file) {
      file.end();
      this.#file = null;
      this.#awaitsKeyframe = true;
      this.#retryAtMs = this.#context.world.nowMs() + RETRY_MS;
    }
    if (this.#isFailing) return;
    this.#isFailing = true;
    const why = isDiskFull(error) ? "the disk is full" : describeError(error);
    this.#context.log.error(
      `dvr ${this.#key}: cannot write ${file.path}: ${why}; tries again every ${RETRY_MS / 1000} s`,
    );
    if (!this.#isPublishing) this.end();
  }
}

function isMetadata({ payload }: MediaPacket): boolean {
  // A string of AMF0 with the ten characters of its name.
  return payload[0] === 2 && payload[2] === 10 && String.fromCharCode(...payload.subarray(3, 13)) === "onMetaData";
}
