import type { Timers, WallClock } from "../../base/clock.ts";
import type { RecordingNote } from "../../record/recording_note.ts";
import { planRepair } from "../../record/repair.ts";
import type { Repair } from "../../record/repaired_file.ts";
import type { RecordingFormat } from "../../record/recording_format.ts";
import { resumeRecording } from "../../record/resume_recording.ts";
import type { MediaPacket } from "../../stream/packet.ts";
import { fileOf, readNote } from "./note_keeper.ts";
import { type RecordingDisk, UnfinishedFile } from "./unfinished_file.ts";

/** A server that has not noted when its publisher left may have written nothing for so long before. */
const UNNOTED_MS = 3000;
/** The server that has the file may not know yet that its publisher has gone: so long it is waited for. */
const WAIT_MS = 2000;
const LOOK_MS = 100;

/** Which recording is looked for. */
export interface WantedRecording {
  readonly template: string;
  readonly key: string;
  /** Of the publish that goes on with it; 0 where that is not known. */
  readonly epoch: number;
  /** How long its publisher may have been away. */
  readonly reconnectMs: number;
}

/** The unfinished recording of a stream that another server has let go of, or left at its death: locked by this one now. */
export class LeftRecording {
  readonly file: UnfinishedFile;
  readonly whole: Repair;
  /** Unix time of its beginning. */
  readonly sinceMs: number;

  private constructor(file: UnfinishedFile, whole: Repair, { sinceMs }: RecordingNote) {
    this.file = file;
    this.whole = whole;
    this.sinceMs = sinceMs;
  }

  /** Looks for one, and locks it; null if there is none, or somebody keeps it. Its end is whole then. */
  static async find(
    disk: RecordingDisk & Timers & WallClock,
    wanted: WantedRecording,
  ): Promise<LeftRecording | null> {
    const { template, key, epoch } = wanted;
    const untilMs = disk.nowMs() + WAIT_MS;
    for (let note = await readNote(disk.files, template, key); note !== null;) {
      if ((epoch !== 0 && note.epoch > epoch) || !await isRecent(disk, wanted, note)) return null;
      const file = await UnfinishedFile.take(disk, fileOf(template, note));
      if (file !== null) return await openLeft(file, note, (whole) => new LeftRecording(file, whole, note!));
      if (disk.nowMs() >= untilMs) return null;
      await new Promise<void>((resolve) => disk.after(LOOK_MS, resolve));
      note = await readNote(disk.files, template, key);
    }
    return null;
  }

  /**
   * What goes on with it.
   *
   * @param headers Decoder headers of what follows; where that cannot be in this file, what is returned takes nothing more.
   */
  format(headers: readonly MediaPacket[]): RecordingFormat {
    const { codecs, patches } = this.whole;
    return resumeRecording(this.file.path, headers, this.whole) ?? {
      codecs,
      leftOut: new Set(),
      takeHeader: () => null,
      write: () => null,
      skip: () => [],
      end: () => [],
      patches: () => [...patches],
    };
  }
}

async function openLeft<T>(file: UnfinishedFile, note: RecordingNote, make: (whole: Repair) => T): Promise<T | null> {
  try {
    const whole = await planRepair(file.path, (at, count) => file.read(at, count), note.whole);
    if (whole !== null) {
      await file.cutAt(whole.bytes);
      return make(whole);
    }
    // Its name is free then.
    await file.remove();
  } catch (error) {
    file.close();
    throw error;
  }
  file.close();
  return null;
}

async function isRecent(
  disk: RecordingDisk & WallClock,
  { template, reconnectMs }: WantedRecording,
  note: RecordingNote,
): Promise<boolean> {
  try {
    const { mtime } = await disk.files.lstat(`${fileOf(template, note)}.tmp`);
    const goneMs = note.leftMs ?? (mtime?.getTime() ?? 0) + UNNOTED_MS;
    return disk.wallMs() - goneMs <= reconnectMs;
  } catch {
    return false;
  }
}
