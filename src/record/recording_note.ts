import { templateRoot } from "./path_template.ts";
import { safeName, shortenParts } from "./safe_name.ts";
import type { WholePart } from "./repaired_file.ts";

/** What a server leaves beside an unfinished recording, for whoever goes on with it. */
export interface RecordingNote {
  /** The stream, as the API shows it. */
  readonly key: string;
  /** Its file, without `.tmp`, from where names of the template begin to differ. */
  readonly file: string;
  /** Of the publish that was recorded last. */
  readonly epoch: number;
  /** Unix time of the file's beginning. */
  readonly sinceMs: number;
  /** Unix time since when the publisher is away; null while it publishes. */
  readonly leftMs: number | null;
  /** How far the file was whole when this was written; null while it has no media. */
  readonly whole: WholePart | null;
}

/** Where notes of a template's recordings are: hidden, as no recording is. */
export function noteFolder(template: string): string {
  return `${templateRoot(template)}.dvr/`;
}

/** The path of a stream's note. */
export function notePath(template: string, key: string): string {
  return noteFolder(template) + shortenParts(`${safeName(key).replaceAll("/", "+")}.json`);
}

/** Reads a note; null for anything else. */
export function parseNote(text: string): RecordingNote | null {
  try {
    const note = JSON.parse(text) as Partial<RecordingNote> | null;
    const { key, file, epoch, sinceMs, leftMs = null, whole = null } = note ?? {};
    if (typeof key !== "string" || typeof file !== "string" || !isPlainPath(file)) return null;
    if (!isCount(epoch) || !isCount(sinceMs) || !(leftMs === null || isCount(leftMs))) return null;
    return { key, file, epoch, sinceMs, leftMs, whole: isWhole(whole) ? whole : null };
  } catch {
    return null;
  }
}

function isWhole(whole: WholePart | null): whole is WholePart {
  if (whole === null || typeof whole !== "object") return false;
  const { bytes, firstMs, endMs, pieces, codecs } = whole;
  return [bytes, firstMs, endMs, pieces].every(isCount) && typeof codecs === "object" && codecs !== null;
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}

/** It leads out of no folder. */
function isPlainPath(path: string): boolean {
  return !path.includes("\0") && path.split("/").every((part) => part !== ".." && part !== "." && part !== "");
}
