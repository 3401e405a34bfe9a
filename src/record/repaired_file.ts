import type { FilePatch, RecordedCodecs } from "./recording_format.ts";

/** Reads a file at any place; fewer bytes than wanted only at its end. */
export type ReadAt = (at: number, count: number) => Promise<Uint8Array>;

/** How far a file is known to be whole. */
export interface WholePart {
  /** A piece of it ends here. */
  readonly bytes: number;
  /** Time in the file of its first frame, ms. */
  readonly firstMs: number;
  /** Where in the file's time the media ends, ms. */
  readonly endMs: number;
  readonly codecs: RecordedCodecs;
  /** Pieces of it that hold media, or more. */
  readonly pieces: number;
}

/** What of a file that nobody finished can be kept. */
export interface Repair extends WholePart {
  readonly durationMs: number;
  readonly patches: readonly FilePatch[];
  /** The part before the first fragment, of MP4; empty for FLV. */
  readonly head: Uint8Array;
}
