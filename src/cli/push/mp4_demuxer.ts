import { ByteQueue } from "../../base/byte_queue.ts";
import { SrsError } from "../../base/errors.ts";
import type { FlvTag } from "../../flv/tag.ts";
import { readBoxHead } from "../../mp4/read_boxes.ts";
import { type FragmentSample, readFragment } from "../../mp4/read_fragment.ts";
import { type MovieTrack, readMovie } from "../../mp4/read_movie.ts";
import { flvHeaderTag, flvSampleTag, isPushable } from "./mp4_tags.ts";

/** Largest head, and largest fragment, that is read. */
const MAX_BOX_BYTES = 128 * 1024 * 1024;
const PIECE_BYTES = 64 * 1024;
const HEAD_BYTES = 16;

/** An MP4 file whose frames do not lie in fragments: they cannot be read from its beginning to its end. */
export class NotFragmented extends SrsError {}

/**
 * Reads a fragmented MP4 file in pieces of any size, as the tags that an FLV file with the same media has. The tags of a
 * fragment come out when it is whole.
 *
 * Errors are `SrsError` "FlvDecode" and name the byte offset.
 */
export class Mp4Demuxer {
  readonly #queue = new ByteQueue(MAX_BOX_BYTES + PIECE_BYTES);
  #offset = 0;
  /** Of a box that is of no use. */
  #toSkip = 0;
  #tracks: readonly MovieTrack[] = [];
  #hasMovie = false;
  #moof: { bytes: Uint8Array; headBytes: number; at: number } | null = null;
  readonly #nextTime = new Map<number, number>();
  #error: SrsError | null = null;

  /**
   * Takes bytes and returns the tags that they complete.
   *
   * @throws {SrsError} At the first broken place, or at the next call if the same bytes completed tags before it.
   */
  push(bytes: Uint8Array): FlvTag[] {
    if (this.#error !== null) throw this.#error;
    const tags: FlvTag[] = [];
    try {
      for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
        this.#queue.push(bytes.subarray(at, at + PIECE_BYTES));
        while (this.#advance(tags));
      }
    } catch (error) {
      this.#error = error instanceof SrsError ? error : this.#fail(error);
      if (tags.length === 0) throw this.#error;
    }
    return tags;
  }

  /** To be called at the end of input. @throws {SrsError} If the input was broken, or ends within a box. */
  end(): void {
    if (this.#error !== null) throw this.#error;
    if (!this.#hasMovie) throw this.#failed("no description of the tracks (moov) in this MP4 file");
    if (this.#queue.length > 0 || this.#toSkip > 0 && this.#toSkip !== Infinity) {
      throw this.#failed(`truncated: ${this.#queue.length} bytes of a box`);
    }
  }

  #advance(tags: FlvTag[]): boolean {
    if (this.#toSkip > 0) return this.#skip();
    // The head of a large box is longer; a small box may be all there is.
    const start = this.#queue.peek(HEAD_BYTES) ?? this.#queue.peek(8);
    const head = start === null ? null : readBoxHead(start);
    if (head === null) return false;
    const { type, headBytes, size } = head;
    if (size < headBytes) throw this.#failed(`a box of ${size} bytes`);
    const isOfUse = type === "moov" || type === "moof" || (type === "mdat" && this.#moof !== null);
    if (type === "mdat" && !this.#hasMovie) throw new NotFragmented("FlvDecode", "not a fragmented MP4 file");
    if (!isOfUse) {
      this.#toSkip = size;
      return true;
    }
    if (size > MAX_BOX_BYTES) throw this.#failed(`a box ${JSON.stringify(type)} of ${size} bytes is too large`);
    const box = this.#queue.take(size);
    if (box === null) return false;
    if (type === "moov") this.#readHead(box, headBytes, tags);
    else if (type === "moof") this.#moof = { bytes: box, headBytes, at: this.#offset };
    else this.#readMedia(box, tags);
    this.#offset += size;
    return true;
  }

  #skip(): boolean {
    const count = Math.min(this.#toSkip, this.#queue.length);
    this.#queue.take(count);
    this.#offset += count;
    this.#toSkip -= count;
    return this.#toSkip === 0 && count > 0;
  }

  #readHead(box: Uint8Array, headBytes: number, tags: FlvTag[]): void {
    const { tracks, isFragmented } = readMovie(box.subarray(headBytes));
    if (!isFragmented) throw new NotFragmented("FlvDecode", "not a fragmented MP4 file");
    this.#tracks = firstOfKind(tracks.filter(isPushable));
    this.#hasMovie = true;
    if (this.#tracks.length === 0) {
      const formats = tracks.map(({ format }) => format).join(", ") || "none";
      throw this.#failed(`no track of a codec that RTMP carries (tracks: ${formats})`);
    }
    for (const track of this.#tracks) tags.push(...flvHeaderTag(track));
  }

  #readMedia(mdat: Uint8Array, tags: FlvTag[]): void {
    const { bytes, headBytes, at } = this.#moof!;
    this.#moof = null;
    const samples = readFragment(bytes, { headBytes, moofAt: at, tracks: this.#tracks, nextTime: this.#nextTime });
    const mdatAt = this.#offset - at;
    for (const sample of samples.sort((a, b) => msOf(a) - msOf(b))) {
      const from = sample.at - mdatAt;
      if (from < 0 || from + sample.size > mdat.length) throw this.#failed("a sample lies outside of its fragment");
      tags.push(flvSampleTag(sample, mdat.subarray(from, from + sample.size), msOf(sample)));
    }
  }

  #fail(error: unknown): SrsError {
    if (!(error instanceof RangeError)) throw error;
    return this.#failed(error.message);
  }

  #failed(message: string): SrsError {
    return new SrsError("FlvDecode", `${message} (byte ${this.#offset})`);
  }
}

function msOf({ time, track }: FragmentSample): number {
  return Math.round(time * 1000 / track.timescale);
}

/** RTMP carries one track of each kind. */
function firstOfKind(tracks: readonly MovieTrack[]): MovieTrack[] {
  return [tracks.find(({ channels }) => channels === 0), tracks.find(({ channels }) => channels > 0)]
    .filter((track) => track !== undefined);
}
