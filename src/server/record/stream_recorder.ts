import type { TimerHandle } from "../../base/clock.ts";
import { describeError } from "../../base/errors.ts";
import type { VhostHandle } from "../../config/mod.ts";
import { isCutDue } from "../../record/cut_plan.ts";
import { timestampDiff } from "../../rtmp/timestamp.ts";
import type { LiveSource } from "../../stream/live_source.ts";
import { isFrame, isKeyframe, type MediaPacket } from "../../stream/packet.ts";
import type { PacketTap } from "../../stream/tap.ts";
import { Timeline } from "../../stream/timeline.ts";
import { recordingTemplate } from "../../record/path_template.ts";
import { isDiskFull } from "./disk_error.ts";
import { HeldPackets } from "./held_packets.ts";
import { LeftRecording } from "./left_recording.ts";
import type { RecordingContext } from "./recording_context.ts";
import { RecordingFile } from "./recording_file.ts";

/** After a failure the disk is tried again so often. */
const RETRY_MS = 5000;
/** Distance between the beginnings of two files. */
const LEAST_FILE_MS = 500;
/** Files of one stream that the disk may still have to finish when another one begins. */
const MAX_UNFINISHED = 3;
/** So long packets are held while it is looked which file they belong to: a disk that is slower is not waited for. */
const LOOK_MS = 2500;
/** How often a file that may go on elsewhere is looked at. */
const TAKEN_CHECK_MS = 1000;
/** Distance between what another server wrote and what follows; as between two publishers of this one. */
const GAP_MS = 10;

/**
 * The recording of one stream, over all its publishers that return in time: its packets go into one file after the other.
 * While its publisher is away, a server that shares the disk may go on with the file, as this one goes on with another's.
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
  /** What another server left, to go on with. */
  #left: LeftRecording | null = null;
  /** What came since the publish began, while it is looked for a file to go on with; null while none is. */
  #held: HeldPackets | null = null;
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
    if (this.#vhost.now.dvr.dvrReconnectMs > 0 || this.#file !== null) this.#lookForFile();
  }

  onPacket(packet: MediaPacket, _ownerMs = 0): void {
    const nowMs = this.#context.world.nowMs();
    if (this.#held === null) return this.#take(packet, nowMs);
    this.#held.add(packet, nowMs);
    if (this.#held.isFull) this.#goOn(null);
  }

  #take(packet: MediaPacket, nowMs: number): void {
    if (packet.kind !== "script" && isFrame(packet)) return this.#onFrame(packet, nowMs);
    const file = this.#file;
    if (file === null || this.#dropped !== null) return;
    if (packet.kind === "script" && !isMetadata(packet)) return void file.write(packet, this.#timeMs);
    if (!file.takeHeader(packet, this.#timeMs)) this.#endFile();
  }

  onUnpublish(): void {
    this.#isPublishing = false;
    this.#dropHeld();
    const waitMs = this.#vhost.now.dvr.dvrReconnectMs;
    if (this.#file === null || waitMs === 0) return void this.end();
    this.#file.lend();
    this.#wait(this.#context.world.nowMs() + waitMs);
  }

  /** Waits for a publisher, until a time. Whether another server has the file is looked at meanwhile, however long that takes. */
  #wait(untilMs: number): void {
    const { world } = this.#context;
    const leftMs = untilMs - world.nowMs();
    if (leftMs <= 0) return void this.end();
    this.#reconnect = world.after(Math.min(leftMs, TAKEN_CHECK_MS), () => {
      this.#checkTaken().catch(() => {});
      this.#wait(untilMs);
    });
  }

  /** Ends the recording. @returns Settles when its files are finished. */
  end(): Promise<unknown> {
    this.#reconnect?.cancel();
    this.#reconnect = null;
    this.#dropHeld();
    this.#goOnWithLeft();
    this.#endFile();
    if (!this.#isOver) this.#onOver();
    this.#isOver = true;
    return Promise.all(Array.from(this.#unfinished, ({ finished }) => finished));
  }

  /** Looks whether this server's own file is still its own, then for one that another server left; packets are held meanwhile. */
  #lookForFile(): void {
    const { world, budget } = this.#context;
    const held = this.#held = new HeldPackets(budget);
    const timer = world.after(LOOK_MS, () => this.#held === held && this.#goOn(null));
    this.#findFile().catch(() => null).then((left) => {
      timer.cancel();
      if (this.#held === held) return this.#goOn(left);
      // Too late: a file that this server has locked is its to finish, or to let go of again.
      if (left !== null) this.#finishLeft(left);
      else if (!this.#isPublishing && !this.#isOver) this.#file?.lend();
    });
  }

  async #findFile(): Promise<LeftRecording | null> {
    const file = this.#file;
    if (file !== null) {
      if (await file.reclaim()) return null;
      if (this.#file === file) this.#file = null;
    }
    const { dvrReconnectMs: reconnectMs, dvrPath } = this.#vhost.now.dvr;
    const template = recordingTemplate(dvrPath);
    return await LeftRecording.find(this.#context.world, { template, key: this.#key, epoch: this.#epoch, reconnectMs });
  }

  #goOn(left: LeftRecording | null): void {
    const held = this.#held?.take() ?? [];
    this.#held = null;
    this.#left = left;
    this.#file?.setState("recording");
    for (const { packet, nowMs } of held) this.#take(packet, nowMs);
  }

  #dropHeld(): void {
    this.#held?.[Symbol.dispose]();
    this.#held = null;
  }

  /** Another server may have gone on with the file. */
  async #checkTaken(): Promise<void> {
    const file = this.#file;
    if (file === null || !await file.isTaken() || this.#isPublishing || this.#file !== file) return;
    this.#file = null;
    this.end();
  }

  #onFrame(packet: MediaPacket, nowMs: number): void {
    this.#advance(this.#timeline.mapFrame(packet.kind === "video" ? "video" : "audio", packet.timestampMs, nowMs));
    if (this.#isOver || nowMs < this.#retryAtMs) return;
    this.#goOnWithLeft();
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

  #goOnWithLeft(): void {
    const left = this.#left;
    this.#left = null;
    if (left === null) return;
    const file = this.#file = this.#open(left);
    if (!this.#source.meta.headers.packets.every((header) => file.takeHeader(header, this.#timeMs))) this.#endFile();
  }

  /** Finishes what cannot go on here. */
  #finishLeft(left: LeftRecording): void {
    this.#open(left).end();
  }

  #open(left: LeftRecording | null = null): RecordingFile {
    const subject = this.#context.subjectOf(this.#key);
    const beginMs = left === null ? this.#timeMs : this.#timeMs - left.whole.endMs - GAP_MS;
    const file = new RecordingFile({
      context: this.#context,
      vhost: this.#vhost,
      subject,
      key: this.#key,
      epoch: () => this.#epoch,
      left,
      headers: this.#source.meta.headers.packets,
      startMs: this.#vhost.now.dvr.timeJitter === "off" ? 0 : beginMs,
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
