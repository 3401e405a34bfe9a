import type { Mp4Tracks } from "../mp4/init_segment.ts";

/** What segments are made of. */
export type Container = "ts" | "cmaf";

/** Head of the CMAF segments of one set of tracks. */
export interface InitSegment {
  /** Hash of the bytes, in hexadecimal: the same on every node that has the same decoder headers. */
  readonly id: string;
  readonly bytes: Uint8Array;
}

/** What playlists tell of a piece of a segment. Those of a segment, one behind the other, are the segment. */
export interface PartHead {
  /** Place in its segment, from 0. */
  readonly index: number;
  readonly startMs: number;
  readonly durationMs: number;
  /** A player may begin here. */
  readonly isIndependent: boolean;
}

/** A piece of a segment. */
export interface SegmentPart extends PartHead {
  readonly bytes: Uint8Array;
}

/** A piece that another server has. */
export interface AbsentPart extends PartHead {
  readonly byteLength: number;
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
  readonly parts: readonly PartHead[];
}

/** A segment that has not come to its end. */
export interface BegunSegment extends SegmentHead {
  readonly parts: readonly SegmentPart[];
}

/** A complete segment; one that was made without parts is one part. */
export interface Segment extends SegmentHead {
  readonly kind: "segment";
  readonly parts: readonly SegmentPart[];
  readonly durationMs: number;
  readonly isIndependent: boolean;
  readonly byteLength: number;
}

/** A slot of time for which this node has no media. */
export interface SegmentGap extends SegmentHead {
  readonly kind: "gap";
  readonly parts: readonly SegmentPart[];
  readonly durationMs: number;
  readonly isIndependent: boolean;
  /** The same as `parts[0].bytes.length`: a valid file without media, for clients that do not know gaps. */
  readonly byteLength: number;
}

/** A complete segment that another server has: its bytes come when somebody wants them. */
export interface AbsentSegment extends SegmentHead {
  readonly kind: "absent";
  readonly parts: readonly AbsentPart[];
  readonly durationMs: number;
  readonly isIndependent: boolean;
  /** It will have so many. */
  readonly byteLength: number;
}

/** What a playlist lists. */
export type WindowEntry = Segment | SegmentGap | AbsentSegment;

/** Bytes of an entry, in order; none of one that is absent. */
export function entryBytes(entry: WindowEntry): Uint8Array[] {
  return entry.kind === "absent" ? [] : entry.parts.map(({ bytes }) => bytes);
}

/** The parts of a segment, as whoever has not got them knows them. */
export function absentParts(entry: Segment | AbsentSegment): readonly AbsentPart[] {
  if (entry.kind === "absent") return entry.parts;
  return entry.parts.map(({ bytes, ...head }) => ({ ...head, byteLength: bytes.length }));
}

/** Bytes of an entry that are here. */
export function heldBytes({ kind, byteLength }: WindowEntry): number {
  return kind === "absent" ? 0 : byteLength;
}

/** The segment, now that its bytes have come; null if they are not as many as it has. */
export function presentSegment(absent: AbsentSegment, bytes: Uint8Array): Segment | null {
  if (bytes.length !== absent.byteLength) return null;
  let at = 0;
  const parts = absent.parts.map(({ byteLength, ...head }): SegmentPart => {
    at += byteLength;
    return { ...head, bytes: bytes.subarray(at - byteLength, at) };
  });
  return { ...absent, kind: "segment", parts };
}

/** Where an entry ends, ms since 1970. */
export function entryEndMs({ startMs, durationMs }: WindowEntry): number {
  return startMs + durationMs;
}
