import type { VhostHandle } from "../../config/mod.ts";
import { beginRecording } from "../../record/begin_recording.ts";
import { expandTemplate, recordingTemplate } from "../../record/path_template.ts";
import type { RecordingFormat } from "../../record/recording_format.ts";
import type { MediaPacket } from "../../stream/packet.ts";
import type { HeldSubject } from "../hooks/hook_book.ts";
import { newEntityId } from "../identity.ts";
import { partName } from "./create_file.ts";
import type { RecordingRun } from "./recording_run.ts";
import type { LeftRecording } from "./left_recording.ts";
import { type FileOutcome, FileQueue } from "./file_queue.ts";
import type { RecordingEntry, RecordingState } from "./recording_book.ts";
import type { RecordingContext } from "./recording_context.ts";
import { NoteKeeper } from "./note_keeper.ts";
import { tellRecorded } from "./tell_recorded.ts";
import { UnfinishedFile } from "./unfinished_file.ts";

/** Options of {@link RecordingFile}. */
export interface RecordingFileOptions {
  readonly context: RecordingContext;
  readonly vhost: VhostHandle;
  /** Released when the file is finished. */
  readonly subject: HeldSubject;
  readonly key: string;
  /** Of the publish of this moment. */
  readonly epoch: () => number;
  /** Which part of the recording this server makes. */
  readonly run: RecordingRun;
  /** A file to go on with; null for a new one. */
  readonly left: LeftRecording | null;
  readonly headers: readonly MediaPacket[];
  /** Time of the recording that is 0 in the file. */
  readonly startMs: number;
  /** Time in the recording of the first frame that is written. */
  readonly nowMs: number;
  readonly onProgress: () => void;
  readonly onFailed: (error: unknown) => void;
}

/** One file of a recording, from its first frame to the hook that hears of it. */
export class RecordingFile {
  /** Settles when it is finished, and listed or gone. */
  readonly finished: Promise<void>;
  /** Its name, as far as it is known. */
  path: string;
  readonly #options: RecordingFileOptions;
  readonly #format: RecordingFormat;
  readonly #queue: FileQueue;
  #entry: RecordingEntry | null = null;
  #state: RecordingState = "recording";
  #videoMs: number | null = null;

  constructor(options: RecordingFileOptions) {
    const { context: { world, budget, isUtc }, vhost, subject: { url }, key, headers, nowMs, epoch, left, run } =
      options;
    const sinceMs = left?.sinceMs ?? world.wallMs();
    const template = recordingTemplate(vhost.now.dvr.dvrPath);
    this.#options = options;
    const named = expandTemplate(template, url, { ms: sinceMs, utc: isUtc() });
    this.path = left?.file.path ?? partName(named, run.epoch.toString(36), run.part);
    const wanted = this.path;
    const startMs = left?.whole.firstMs ?? this.timeOf(nowMs);
    const { format, head } = left === null
      ? beginRecording(wanted, headers, startMs)
      : { format: left.format(headers), head: [] };
    this.#format = format;
    if (left !== null && format.codecs.video !== null) this.#videoMs = left.whole.endMs;
    this.#queue = new FileQueue({
      timers: world,
      budget,
      open: () => left?.file ?? UnfinishedFile.create(world, wanted, epoch().toString(36)),
      whole: left?.whole ?? null,
      notes: new NoteKeeper(world.files, { template, key, sinceMs, epoch }),
      startMs,
      codecs: () => format.codecs,
      patches: (extent) => format.patches(extent),
      onOpen: (path) => this.#onOpen(path, sinceMs),
      onProgress: options.onProgress,
      onFailed: options.onFailed,
    });
    this.#queue.add(head);
    this.finished = this.#queue.finished.then((outcome) => this.#onFinished(outcome));
  }

  /** Bytes that wait for the disk. */
  get queuedBytes(): number {
    return this.#queue.queuedBytes;
  }

  /** Time in the file of its newest video; null where it has none. */
  get videoMs(): number | null {
    return this.#videoMs;
  }

  /** Time in the file of a time of the recording; never negative. */
  timeOf(recordedMs: number): number {
    return Math.max(0, recordedMs - this.#options.startMs);
  }

  /**
   * @param recordedMs Time in the recording.
   * @returns False if it cannot be in this file.
   */
  write(packet: MediaPacket, recordedMs: number): boolean {
    const atMs = this.timeOf(recordedMs);
    const pieces = this.#format.write(packet, atMs);
    if (pieces === null) return false;
    if (packet.kind === "video") this.#videoMs = atMs;
    this.#queue.add(pieces);
    return true;
  }

  /** @returns False if what follows cannot be in this file. */
  takeHeader(packet: MediaPacket, recordedMs: number): boolean {
    const pieces = this.#format.takeHeader(packet, this.timeOf(recordedMs));
    if (pieces === null) return false;
    this.#queue.add(pieces);
    return true;
  }

  /** Frames are missing before the next one. */
  skip(): void {
    this.#queue.add(this.#format.skip());
  }

  /** The publisher has left and may return, to another server perhaps: what has come is to be on the disk soon. */
  lend(): void {
    this.skip();
    this.#queue.lend(this.#options.context.world.wallMs());
    this.setState("waiting");
  }

  /** @returns Whether it goes on here; else another server has it. */
  reclaim(): Promise<boolean> {
    return this.#queue.reclaim();
  }

  /** Whether another server has it. */
  isTaken(): Promise<boolean> {
    return this.#queue.isTaken();
  }

  setState(state: RecordingState): void {
    this.#state = state;
    if (this.#entry !== null) this.#entry.state = state;
  }

  /** No more frames come. */
  end(): void {
    this.setState("finishing");
    this.#queue.add(this.#format.end());
    this.#queue.end();
  }

  #onOpen(path: string, sinceMs: number): void {
    const { context: { world, book, log }, subject: { url }, key, run } = this.#options;
    this.path = path;
    const extent = () => this.#queue.extent;
    this.#entry = { id: newEntityId(world), key, stream: url, path, sinceMs, run, state: this.#state, extent };
    book.add(this.#entry);
    log.info(`dvr ${key}: ${this.#options.left === null ? "records to" : "goes on with"} ${path}`);
  }

  #onFinished({ path, extent, isTaken }: FileOutcome): void {
    const { context, subject, key, vhost, run } = this.#options;
    if (isTaken) context.log.info(`dvr ${key}: ${this.path} goes on at another server`);
    if (path === null) {
      if (this.#entry !== null) context.book.remove(this.#entry);
      return subject.release();
    }
    context.log.info(`dvr ${key}: recorded ${path}, ${(extent.durationMs / 1000).toFixed(1)} s, ${extent.bytes} bytes`);
    const leftOut = [...this.#format.leftOut].join(" and ");
    if (leftOut !== "") {
      context.log.warn(`dvr ${key}: ${path} lacks ${leftOut}, which MP4 does not take or had no header`);
    }
    if (this.#entry !== null) context.book.finish(this.#entry, extent);
    tellRecorded(context, vhost, subject, path, run);
    subject.release();
  }
}
