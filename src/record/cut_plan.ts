/** When files of a recording end, as `dvr_plan` and its companions have it. */
export interface CutRules {
  readonly plan: "session" | "segment";
  /** Least length of a file of the plan `segment`, ms. */
  readonly durationMs: number;
  /** Files end only before keyframes. */
  readonly waitKeyframe: boolean;
}

/** A frame that a file may end before. */
export interface CutPlace {
  /** Its time in the file, ms. */
  readonly atMs: number;
  readonly isKeyframe: boolean;
  /** Time in the file of the newest video; null where the file has none. */
  readonly videoMs: number | null;
}

/** FLV's times are signed 32-bit: a file ends before they do, after 24 days. */
const LONGEST_MS = 2 ** 31 - 60_000;
/** Video that stays away for so long does not keep a file from its end. */
const NO_VIDEO_MS = 10_000;

/** Whether a new file begins with a frame. */
export function isCutDue({ plan, durationMs, waitKeyframe }: CutRules, place: CutPlace): boolean {
  const lengthMs = plan === "segment" ? Math.min(durationMs, LONGEST_MS) : LONGEST_MS;
  if (place.atMs < lengthMs) return false;
  const hasVideo = place.videoMs !== null && place.atMs - place.videoMs < NO_VIDEO_MS;
  return place.isKeyframe || !hasVideo || !waitKeyframe;
}
