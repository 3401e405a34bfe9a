import type { VhostHandle } from "../../config/mod.ts";
import { beginRecording } from "../../record/begin_recording.ts";
import { expandTemplate, recordingTemplate } from "../../record/path_template.ts";
import type { RecordingFormat } from "../../record/recording_format.ts";
import type { MediaPacket } from "../../stream/packet.ts";
import type { HeldSubject } from "../hooks/hook_book.ts";
import { newEntityId } from "../identity.ts";
import { type FileOutcome, FileQueue } from "./file_queue.ts";
import type { RecordingEntry, RecordingState } from "./recording_book.ts";
import type { RecordingContext } from "./recording_context.ts";
import { tellRecorded } from "./tell_recorded.ts";

/** Options of {@link RecordingFile}. */
export interface RecordingFileOptions {
  readonly context: RecordingContext;
  readonly vhost: VhostHandle;
  /** Released when the file is finished. */
  readonly subject: HeldSubject;
  readonly key: string;
  readonly epoch: number;
  readonly headers: readonly MediaPacket[];
  /** Time of the recording that is 0 in the file. */
  readonly startMs: number;
  /** Time of the first frame in the recording. */
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
    const { context, vhost, subject: { url }, headers, nowMs, epoch, onProgress, onFailed } = options;
    const sinceMs = context.world.wallMs();
    this.#options = options;
    this.path = expandTemplate(recordingTemplate(vhost.now.dvr.dvrPath), url, { ms: sinceMs, utc: context.isUtc() });
    const startMs = this.timeOf(nowMs);
    const { format, head } = beginRecording(this.path, headers, startMs);
    this.#format = format;
    this.#queue = new FileQueue({
      world: context.world,
      budget: context.budget,
      path: this.path,
      epoch: epoch.toString(36),
      startMs,
      patches: (extent) => format.patches(extent),
      onOpen: (path) => this.#onOpen(path, sinceMs),
      onProgress,
      onFailed,
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

  /** What has come is to be on the disk soon: nothing may come for a while. */
  flush(): void {
    this.skip();
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
    const { context: { world, book, log }, subject: { url }, key } = this.#options;
    this.path = path;
    const extent = () => this.#queue.extent;
    this.#entry = { id: newEntityId(world), key, stream: url, path, sinceMs, state: this.#state, extent };
    book.add(this.#entry);
    log.info(`dvr ${key}: records to ${path}`);
  }

  #onFinished({ path, extent }: FileOutcome): void {
    const { context, subject, key, vhost } = this.#options;
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
    tellRecorded(context, vhost, subject, path);
    subject.release();
  }
}
