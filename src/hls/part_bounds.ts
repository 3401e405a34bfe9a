/** How long parts are. */
export interface PartBounds {
  /** A part ends with the first video frame this long after its beginning, audio frame where there is no video. */
  readonly minMs: number;
  /** PART-TARGET, as long as no part turns out to be longer. */
  readonly targetMs: number;
  /** More parts than a segment may have. */
  readonly maxParts: number;
}

/** The least that a part may have of the target. Source: draft-pantos-hls-rfc8216bis §4.4.4.9. */
const LEAST_SHARE = 0.85;
/**
 * Parts end at whole frames: with this much room above the length that is asked for, and what that leaves below, there is
 * a whole number of frames for each of the usual rates (24, 25, 30, 50, 60) in parts of 200 ms and more.
 */
const ROOM = 1.1;

/** @param options Both lengths as in the options of the packager; `partMs` is not 0. */
export function partBounds({ partMs, fragmentMs }: { partMs: number; fragmentMs: number }): PartBounds {
  const targetMs = Math.round(partMs * ROOM);
  const minMs = Math.max(1, Math.ceil(targetMs * LEAST_SHARE));
  return { minMs, targetMs, maxParts: partMs === 0 ? 1 : 1 + Math.ceil(2 * fragmentMs / minMs) };
}
