import { equalBytes } from "../base/bytes.ts";
import { codecName } from "../flv/codec.ts";
import { readCodedPicture, readCodedSound } from "../flv/coded_frame.ts";
import {
  type AudioTrackConfig,
  isSameAudio,
  isSameVideo,
  readAudioTrack,
  readVideoTrack,
  readVp9Size,
  type VideoTrackConfig,
} from "../flv/track_config.ts";
import { fragment, type Mp4Run } from "../mp4/fragment.ts";
import { initSegment, Mp4TrackId } from "../mp4/init_segment.ts";
import type { MediaPacket } from "../stream/packet.ts";
import { Mp4PictureRun } from "./mp4_picture_run.ts";
import { Mp4SoundRun } from "./mp4_sound_run.ts";
import { movieLengthPatch, withMovieLength } from "./mp4_movie_length.ts";
import type {
  FileExtent,
  FilePatch,
  FilePiece,
  NewRecording,
  RecordedCodecs,
  RecordingFormat,
} from "./recording_format.ts";

/** A fragment ends before the first keyframe after this time. */
const WANTED_MS = 1000;
/** It ends at the latest after this time: as much as a crash can take. */
const LONGEST_MS = 2000;
/** Or when it holds so much. */
const MAX_FRAGMENT_BYTES = 8 * 1024 * 1024;

/**
 * A fragmented MP4 file: a head, then fragments of one GOP, or two seconds of a longer one. Each begins where the one
 * before ends, so that a file that was cut off anywhere plays up to its last whole fragment.
 *
 * H.264, HEVC, AV1, VP9; AAC, MP3, Opus. Frames of other codecs are left out.
 */
export class Mp4Recording implements RecordingFormat {
  readonly leftOut = new Set<string>();
  #video: VideoTrackConfig | null = null;
  #audio: AudioTrackConfig | null = null;
  readonly #pictures = new Mp4PictureRun();
  readonly #sounds = new Mp4SoundRun();
  /** Written before the first fragment: from then on there are no other tracks in this file. */
  #head: Uint8Array<ArrayBuffer> | null = null;
  #fragments = 0;
  #startMs: number | null = null;
  #endMs = 0;
  #bytes = 0;

  /** A new file. @param headers Decoder headers of the stream. */
  static begin(headers: readonly MediaPacket[]): NewRecording {
    const format = new Mp4Recording();
    for (const header of headers) format.takeHeader(header);
    return { format, head: [] };
  }

  /**
   * Goes on with a file.
   *
   * @param headers Decoder headers of what follows.
   * @param fragments How many it has, or more.
   * @returns Null where the file has other tracks: its head must be the one that these headers make.
   */
  static resume(
    headers: readonly MediaPacket[],
    { head, fragments }: { head: Uint8Array; fragments: number },
  ): Mp4Recording | null {
    const format = new Mp4Recording();
    for (const header of headers) format.takeHeader(header);
    if (format.#video === null && format.#audio === null) return null;
    const own = withMovieLength(initSegment({ video: format.#video, audio: format.#audio }));
    if (!equalBytes(own, head)) return null;
    format.#head = own;
    format.#fragments = fragments;
    return format;
  }

  get codecs(): RecordedCodecs {
    return { audio: this.#audio?.codec ?? null, video: this.#video?.codec ?? null };
  }

  takeHeader({ kind, payload }: MediaPacket): FilePiece[] | null {
    if (kind === "video") return this.#takeVideo(readVideoTrack(payload));
    if (kind === "audio") return this.#takeAudio(readAudioTrack(payload));
    return [];
  }

  write(packet: MediaPacket, atMs: number): FilePiece[] | null {
    if (packet.kind === "video") return this.#writePicture(packet.payload, atMs);
    return packet.kind === "audio" ? this.#writeSound(packet.payload, atMs) : [];
  }

  skip(): FilePiece[] {
    this.#pictures.close();
    return this.#takeFragment();
  }

  end(): FilePiece[] {
    return this.skip();
  }

  patches({ durationMs }: FileExtent): FilePatch[] {
    return this.#head === null ? [] : movieLengthPatch(this.#head, durationMs);
  }

  #takeVideo(track: VideoTrackConfig | null): FilePiece[] | null {
    if (track === null) return [];
    const isKnown = this.#video !== null && isSameVideo({ ...this.#video, width: 0, height: 0 }, {
      ...track,
      width: 0,
      height: 0,
    });
    if (isKnown) return [];
    if (this.#head !== null || !this.#pictures.isEmpty) return null;
    this.#video = track;
    return [];
  }

  #takeAudio(track: AudioTrackConfig | null): FilePiece[] | null {
    if (track === null || isSameAudio(this.#audio, track)) return [];
    if (this.#head !== null || !this.#sounds.isEmpty) return null;
    this.#audio = track;
    return [];
  }

  #writePicture(payload: Uint8Array, atMs: number): FilePiece[] | null {
    const codec = codecName(payload, "video");
    if (this.#video === null || codec !== this.#video.codec) return this.#leaveOut(codec);
    const picture = readCodedPicture(payload);
    if (picture === null) return [];
    if (picture.isKeyframe && this.#video.codec === "VP9" && this.#video.width === 0) {
      this.#video = { ...this.#video, ...readVp9Size(picture.body) };
    }
    this.#pictures.complete(atMs);
    const pieces = this.#isDue(atMs, picture.isKeyframe) ? this.#takeFragment() : [];
    this.#pictures.begin(picture, atMs);
    this.#note(atMs, picture.body.length);
    return pieces;
  }

  #writeSound(payload: Uint8Array, atMs: number): FilePiece[] | null {
    const codec = codecName(payload, "audio");
    // MP3 has no header: its first frame tells.
    if (codec === "MP3" && this.#takeAudio(readAudioTrack(payload)) === null) return null;
    if (this.#audio === null || codec !== this.#audio.codec) return this.#leaveOut(codec);
    const body = readCodedSound(payload);
    if (body.length === 0) return [];
    const pieces = this.#isDue(atMs, false) ? this.#takeFragment() : [];
    if (this.#sounds.add(this.#audio, payload, body, atMs)) this.#note(atMs, body.length);
    return pieces;
  }

  #leaveOut(codec: string | null): FilePiece[] {
    // As many as MP4 has tracks.
    if (codec !== null && this.leftOut.size < 2) this.leftOut.add(codec);
    return [];
  }

  #note(atMs: number, bytes: number): void {
    this.#startMs ??= atMs;
    this.#endMs = Math.max(this.#endMs, atMs);
    this.#bytes += bytes;
  }

  #isDue(atMs: number, isKeyframe: boolean): boolean {
    if (this.#startMs === null) return false;
    const lengthMs = atMs - this.#startMs;
    return lengthMs >= LONGEST_MS || (isKeyframe && lengthMs >= WANTED_MS) || this.#bytes >= MAX_FRAGMENT_BYTES;
  }

  #takeFragment(): FilePiece[] {
    const runs: Mp4Run[] = [];
    const pictures = this.#pictures.take();
    if (pictures.length > 0) runs.push({ trackId: Mp4TrackId.Video, samples: pictures });
    const sounds = this.#sounds.take();
    if (sounds.length > 0) runs.push({ trackId: Mp4TrackId.Audio, samples: sounds });
    this.#startMs = null;
    this.#bytes = 0;
    if (runs.length === 0) return [];
    const pieces: FilePiece[] = [];
    if (this.#head === null) {
      this.#head = withMovieLength(initSegment({ video: this.#video, audio: this.#audio }));
      pieces.push({ bytes: this.#head, endMs: 0 });
    }
    pieces.push({ bytes: fragment(++this.#fragments, runs), endMs: this.#endMs });
    return pieces;
  }
}
