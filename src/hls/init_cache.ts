import { createHash } from "node:crypto";
import { isSameAudio, isSameVideo } from "../flv/track_config.ts";
import { initSegment, type Mp4Tracks } from "../mp4/init_segment.ts";
import type { InitSegment } from "./segment.ts";

/** Digits of the names of init segments. */
export const INIT_ID_DIGITS = 16;

/** Makes the init segment of tracks, and remembers the newest. */
export class InitCache {
  #newest: { tracks: Mp4Tracks; init: InitSegment } | null = null;

  initOf(tracks: Mp4Tracks): InitSegment {
    if (this.#newest !== null && isSameTracks(this.#newest.tracks, tracks)) return this.#newest.init;
    const bytes = initSegment(tracks);
    const init = { id: createHash("sha256").update(bytes).digest("hex").slice(0, INIT_ID_DIGITS), bytes };
    this.#newest = { tracks, init };
    return init;
  }
}

/** True if decoders can go on from the one to the other. */
export function isSameTracks(a: Mp4Tracks, b: Mp4Tracks): boolean {
  return isSameVideo(a.video, b.video) && isSameAudio(a.audio, b.audio);
}
