import { emptySegment } from "../mp4/init_segment.ts";
import { entryEndMs, type SegmentGap, type SegmentHead, type WindowEntry } from "./segment.ts";
import { emptyTs } from "./ts_muxer.ts";

/** Bounds of {@link gapsBetween}. */
export interface GapBounds {
  readonly windowMs: number;
  readonly fragmentMs: number;
}

/**
 * What a window lists where numbers are missing between two segments. The time between them is shared out: the first
 * gap begins where the first segment ends, the last one ends where the second begins.
 *
 * @returns Null if they are so far apart that a new window has to begin.
 */
export function gapsBetween(
  last: WindowEntry,
  next: { readonly number: number; readonly startMs: number },
  { windowMs, fragmentMs }: GapBounds,
): SegmentGap[] | null {
  const count = next.number - last.number - 1;
  const fromMs = entryEndMs(last);
  const missingMs = next.startMs - fromMs;
  if (missingMs >= windowMs || count > Math.ceil(windowMs / fragmentMs) + 1) return null;
  return Array.from({ length: count }, (_, i): SegmentGap => {
    const startMs = Math.round(fromMs + missingMs * i / count);
    const durationMs = Math.max(0, Math.round(fromMs + missingMs * (i + 1) / count) - startMs);
    return gapFor({ ...last, number: last.number + 1 + i, startMs, durationMs });
  });
}

/** What is listed in the place of a segment that has this number and these times. */
export function gapFor(
  { number, startMs, durationMs, discontinuity, tracks, init }: SegmentHead & { readonly durationMs: number },
): SegmentGap {
  const bytes = init === null ? emptyTs(number, tracks) : emptySegment(number >>> 0);
  const parts = [{ index: 0, startMs, durationMs, isIndependent: false, bytes }];
  const byteLength = bytes.length;
  return {
    kind: "gap",
    number,
    startMs,
    durationMs,
    discontinuity,
    tracks,
    init,
    parts,
    isIndependent: false,
    byteLength,
  };
}
