import { SrsError } from "../base/errors.ts";
import { FlvDemuxer } from "../flv/demuxer.ts";
import { FlvLooper, type TimedTag } from "../flv/looper.ts";
import type { FlvTag } from "../flv/tag.ts";

/** Options of {@link readMedia}. */
export interface ReadMediaOptions {
  /** Begin again at the end of the file, for ever. */
  loop: boolean;
  /** Told once of a file whose end is missing: its whole tags are used. */
  onTruncated(message: string): void;
}

const READ_BYTES = 64 * 1024;

/**
 * Reads the tags of an FLV file, piece by piece, on one timeline over all its passes.
 *
 * @throws {SrsError} `FlvDecode`, with path and byte offset, if the file cannot be read, is broken or holds no media.
 */
export async function* readMedia(path: string, options: ReadMediaOptions): AsyncGenerator<TimedTag, void> {
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
    for await (const tag of readFile(path, onTruncated)) {
      const timed = looper.map(tag);
      if (timed !== null) yield timed;
    }
    if (looper.frames === 0) throw new SrsError("FlvDecode", `${path}: no audio or video in this file`);
  } while (options.loop);
}

async function* readFile(path: string, onTruncated: (message: string) => void): AsyncGenerator<FlvTag, void> {
  using file = await open(path);
  const demuxer = new FlvDemuxer();
  const buffer = new Uint8Array(READ_BYTES);
  try {
    for (let count = await file.read(buffer); count !== null; count = await file.read(buffer)) {
      yield* demuxer.push(buffer.subarray(0, count));
    }
    // Tells of a broken place right behind the last whole tag.
    demuxer.push(new Uint8Array(0));
  } catch (error) {
    throw new SrsError("FlvDecode", `${path}: ${error instanceof SrsError ? error.message : reason(error)}`);
  }
  try {
    demuxer.end();
  } catch (error) {
    onTruncated(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function open(path: string): Promise<Deno.FsFile> {
  try {
    const file = await Deno.open(path, { read: true });
    if (!(await file.stat()).isDirectory) return file;
    file.close();
  } catch (error) {
    throw new SrsError("FlvDecode", `cannot open ${path}: ${reason(error)}`);
  }
  throw new SrsError("FlvDecode", `cannot open ${path}: it is a directory`);
}

function reason(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such file";
  if (error instanceof Deno.errors.PermissionDenied) return "no permission to read it";
  return error instanceof Error ? error.message : String(error);
}
