import type { Mp4Tracks } from "../mp4/init_segment.ts";

/** What segments are made of. */
export type Container = "ts" | "cmaf";

/** Head of the CMAF segments of one set of tracks. */
export interface InitSegment {
  /** Hash of the bytes, in hexadecimal: the same on every node that has the same decoder headers. */
  readonly id: string;
  readonly bytes: Uint8Array;
}

/** A piece of a segment. Those of a segment, one behind the other, are the segment. */
export interface SegmentPart {
  /** Place in its segment, from 0. */
  readonly index: number;
  readonly startMs: number;
  readonly durationMs: number;
  /** A player may begin here. */
  readonly isIndependent: boolean;
  readonly bytes: Uint8Array;
}

/** What a segment under way and a complete one have in common. */
export interface SegmentHead {
  /** Media sequence number: the slot of time that it belongs to. */
  readonly number: number;
  /** Wall clock of the owner at its first frame, ms since 1970. */
  readonly startMs: number;
  /** Number of discontinuities in the stream up to here. */
  readonly discontinuity: number;
  readonly tracks: Mp4Tracks;
  /** Null in MPEG-TS. */
  readonly init: InitSegment | null;
  readonly parts: readonly SegmentPart[];
}

/** A complete segment; one that was made without parts is one part. */
export interface Segment extends SegmentHead {
  readonly kind: "segment";
  readonly durationMs: number;
  readonly isIndependent: boolean;
  readonly byteLength: number;
}

/** A slot of time for which this node has no media. */
export interface SegmentGap extends SegmentHead {
  readonly kind: "gap";
  readonly durationMs: number;
  readonly isIndependent: boolean;
  /** The same as `parts[0].bytes.length`: a valid file without media, for clients that do not know gaps. */
  readonly byteLength: number;
}

/** What a playlist lists. */
export type WindowEntry = Segment | SegmentGap;

/** Bytes of an entry, in order. */
export function entryBytes(entry: WindowEntry): Uint8Array[] {
  return entry.parts.map(({ bytes }) => bytes);
}

/** Where an entry ends, ms since 1970. */
export function entryEndMs({ startMs, durationMs }: WindowEntry): number {
  return startMs + durationMs;
}
