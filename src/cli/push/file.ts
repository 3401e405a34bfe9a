import { SrsError } from "../../base/errors.ts";
import { describeFileError } from "../../base/file_error.ts";
import { FlvDemuxer } from "../../flv/demuxer.ts";
import { FlvLooper, type TimedTag } from "../../flv/looper.ts";
import type { FlvTag } from "../../flv/tag.ts";
import { Mp4Demuxer } from "./mp4_demuxer.ts";

/** A file that can be read any number of times. */
export interface MediaFile {
  /** For messages. */
  name: string;
  /** Its bytes from the beginning, in pieces; a piece is valid until the next one is asked for. */
  read(): AsyncIterable<Uint8Array>;
}

/** Options of {@link readMedia}. */
export interface ReadMediaOptions {
  /** Begin again at the end of the file, for ever. */
  loop: boolean;
  /** Told once of a file whose end is missing: its whole tags are used. */
  onTruncated(message: string): void;
}

const READ_BYTES = 64 * 1024;

/** A file of this machine; never held as a whole. Reading throws `SrsError` if it cannot be read. */
export function fileAt(path: string): MediaFile {
  return { name: path, read: () => readPieces(path) };
}

/**
 * Reads the tags of an FLV file, or of a fragmented MP4 file, on one timeline over all its passes.
 *
 * @throws {SrsError} `FlvDecode`, with name and byte offset, if the file cannot be read, is broken or holds no media.
 */
export async function* readMedia(file: MediaFile, options: ReadMediaOptions): AsyncGenerator<TimedTag, void> {
  const looper = new FlvLooper({ endless: options.loop });
  let warned = false;
  const onTruncated = (message: string) => {
    // A file without a single frame is no use at all: that is said below, with the reason.
    if (looper.frames === 0) throw new SrsError("FlvDecode", message);
    if (!warned) options.onTruncated(message);
    warned = true;
  };
  do {
    looper.startPass();
    for await (const tag of readTags(file, onTruncated)) {
      const timed = looper.map(tag);
      if (timed !== null) yield timed;
    }
    if (looper.frames === 0) throw new SrsError("FlvDecode", `${file.name}: no audio or video in this file`);
  } while (options.loop);
}

async function* readTags(file: MediaFile, onTruncated: (message: string) => void): AsyncGenerator<FlvTag, void> {
  let demuxer: FlvDemuxer | Mp4Demuxer = new FlvDemuxer();
  let isFirst = true;
  try {
    for await (const piece of file.read()) {
      if (isFirst && isMp4(piece)) demuxer = new Mp4Demuxer();
      isFirst = false;
      yield* demuxer.push(piece);
    }
    // Tells of a broken place right behind the last whole tag.
    demuxer.push(new Uint8Array(0));
  } catch (error) {
    throw named(file, error);
  }
  try {
    demuxer.end();
  } catch (error) {
    onTruncated(named(file, error).message);
  }
}

/** MP4 begins with a box that says what the file is. */
function isMp4(piece: Uint8Array): boolean {
  return piece.length >= 8 && String.fromCharCode(...piece.subarray(4, 8)) === "ftyp";
}

function named({ name }: MediaFile, error: unknown): SrsError {
  // These are our own mistakes.
  if (error instanceof TypeError || error instanceof RangeError) throw error;
  return new SrsError("FlvDecode", `${name}: ${describeFileError(error)}`, { cause: error });
}

async function* readPieces(path: string): AsyncGenerator<Uint8Array, void> {
  using file = await Deno.open(path, { read: true });
  if ((await file.stat()).isDirectory) throw new SrsError("FlvDecode", "is a directory");
  const buffer = new Uint8Array(READ_BYTES);
  for (let count = await file.read(buffer); count !== null; count = await file.read(buffer)) {
    yield buffer.subarray(0, count);
  }
}
