import {
  type AudioTrackConfig,
  readAudioTrack,
  readVideoTrack,
  readVp9Size,
  type VideoTrackConfig,
} from "../flv/track_config.ts";
import { codecName } from "../flv/codec.ts";
import type { Mp4Tracks } from "../mp4/init_segment.ts";
import { isSameTracks } from "./init_cache.ts";
import type { Container } from "./segment.ts";
import { tsTracks } from "./ts_muxer.ts";

/** The tracks of a publish, as its decoder headers tell. */
export class TrackState {
  readonly #container: Container;
  #told: Mp4Tracks = { video: null, audio: null };
  #carried: Mp4Tracks = this.#told;
  #mp3Mark = -1;

  constructor(container: Container) {
    this.#container = container;
  }

  /** Those that the container can carry. */
  get carried(): Mp4Tracks {
    return this.#carried;
  }

  /** Video and audio that the publish has are not known any more. */
  forget(): void {
    this.#told = this.#carried = { video: null, audio: null };
    this.#mp3Mark = -1;
  }

  /** @returns False if nothing has changed. */
  onVideoHeader(payload: Uint8Array): boolean {
    return this.#set({ ...this.#told, video: readVideoTrack(payload) });
  }

  /** As {@link onVideoHeader}. */
  onAudioHeader(payload: Uint8Array): boolean {
    return this.#set({ ...this.#told, audio: readAudioTrack(payload) });
  }

  /** A keyframe tells the size of VP9. @returns False if nothing has changed. */
  onKeyframe(body: Uint8Array): boolean {
    const { video } = this.#told;
    if (video?.codec !== "VP9") return false;
    return this.#set({ ...this.#told, video: { ...video, ...readVp9Size(body) } });
  }

  /** MP3 has no header: each frame tells. @returns False if nothing has changed. */
  onSound(payload: Uint8Array, body: Uint8Array): boolean {
    if (codecName(payload, "audio") !== "MP3") return false;
    // Version, rate, and whether there is one channel.
    const mark = (body[1] ?? 0) << 16 | ((body[2] ?? 0) & 0x0c) << 8 | ((body[3] ?? 0) >>> 6 === 3 ? 1 : 0);
    if (mark === this.#mp3Mark) return false;
    this.#mp3Mark = mark;
    return this.onAudioHeader(payload);
  }

  #set(told: Mp4Tracks): boolean {
    if (isSameTracks(told, this.#told)) return false;
    this.#told = told;
    const carried = this.#container === "ts" ? tsTracks(told) : told;
    if (isSameTracks(carried, this.#carried)) return false;
    this.#carried = carried;
    return true;
  }
}

/** The video that a payload belongs to; null if it is none of the tracks. */
export function videoOf({ video }: Mp4Tracks, payload: Uint8Array): VideoTrackConfig | null {
  return video !== null && codecName(payload, "video") === video.codec ? video : null;
}

/** As {@link videoOf}. */
export function audioOf({ audio }: Mp4Tracks, payload: Uint8Array): AudioTrackConfig | null {
  return audio !== null && codecName(payload, "audio") === audio.codec ? audio : null;
}
