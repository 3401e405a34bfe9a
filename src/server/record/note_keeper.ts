import type { Files } from "../../base/world.ts";
import { templateRoot } from "../../record/path_template.ts";
import { noteFolder, notePath, parseNote, type RecordingNote } from "../../record/recording_note.ts";
import type { WholePart } from "../../record/repaired_file.ts";

/** Notes are looked through at a start, so many. */
const MAX_SWEPT = 10_000;

/** What the notes of one recording say beside how far it is. */
export interface NotedRecording {
  readonly template: string;
  readonly key: string;
  readonly sinceMs: number;
  /** Of the publish of this moment. */
  readonly epoch: () => number;
}

/** The note of an unfinished recording. A disk that takes none only means that nobody goes on with the file. */
export class NoteKeeper {
  readonly #files: Files;
  readonly #recording: NotedRecording;

  constructor(files: Files, recording: NotedRecording) {
    this.#files = files;
    this.#recording = recording;
  }

  /** @param path Of the file, without `.tmp`. @param whole See {@link RecordingNote}, as all that follows. */
  async write(path: string, whole: WholePart | null, leftMs: number | null): Promise<void> {
    const { template, key, sinceMs, epoch } = this.#recording;
    const note: RecordingNote = {
      key,
      file: path.slice(templateRoot(template).length),
      epoch: epoch(),
      sinceMs,
      leftMs,
      whole,
    };
    const to = notePath(template, key);
    try {
      await this.#files.mkdir(noteFolder(template), { recursive: true });
      await this.#files.writeTextFile(`${to}.new`, JSON.stringify(note));
      await this.#files.rename(`${to}.new`, to);
    } catch {
      // As said.
    }
  }

  /** The file is about to be finished. */
  async remove(path: string): Promise<void> {
    const { template, key } = this.#recording;
    const note = await readNote(this.#files, template, key);
    if (note !== null && fileOf(template, note) === path) await removeNote(this.#files, notePath(template, key));
  }
}

/** The note of a stream; null without one. */
export async function readNote(files: Files, template: string, key: string): Promise<RecordingNote | null> {
  try {
    const note = parseNote(await files.readTextFile(notePath(template, key)));
    return note?.key === key ? note : null;
  } catch {
    return null;
  }
}

/** The file that a note is about, without `.tmp`. */
export function fileOf(template: string, { file }: RecordingNote): string {
  return templateRoot(template) + file;
}

/** Removes the notes of files that are not there any more. */
export async function sweepNotes(files: Files, template: string): Promise<void> {
  const folder = noteFolder(template);
  try {
    for (const { name } of (await Array.fromAsync(files.readDir(folder))).slice(0, MAX_SWEPT)) {
      const note = parseNote(await files.readTextFile(folder + name));
      if (note === null) continue;
      const isThere = await files.lstat(`${fileOf(template, note)}.tmp`).then(() => true, () => false);
      if (!isThere) await removeNote(files, folder + name);
    }
  } catch {
    // There are none, or they are not ours to read.
  }
}

async function removeNote(files: Files, path: string): Promise<void> {
  try {
    await files.remove(path);
  } catch {
    // Somebody else has removed it.
  }
}
