import type { AmfObject } from "../../amf/amf0.ts";
import { audioFlags, MediaFlag, videoFlags } from "../../flv/codec.ts";
import { describeAudio, describeVideo } from "../../flv/describe.ts";
import type { AudioDescription, VideoDescription } from "../../flv/description.ts";
import { MessageType, type RtmpMessage } from "../../rtmp/message.ts";
import { timestampDiff } from "../../rtmp/timestamp.ts";
import { readScript } from "../../stream/meta_cache.ts";

/** What was measured of the frames of one kind. Rates are by the stream's own time, null as long as they are unknown. */
export interface TrackRates {
  frames: number;
  bytes: number;
  framesPerSecond: number | null;
  kbps: number | null;
}

/** Whole groups of pictures seen; null as long as there was none. */
export interface GopLength {
  count: number;
  /** Means. */
  ms: number;
  frames: number;
}

const noFrame = MediaFlag.SequenceHeader | MediaFlag.ExtraHeader | MediaFlag.SequenceEnd;

/** Measures a stream as it comes in: codecs by its headers, rates and GOP length by its frames. */
export class MediaMeter {
  #video: VideoDescription | null = null;
  #audio: AudioDescription | null = null;
  #metadata: AmfObject | null = null;
  readonly #videoRate = new RateOfTrack();
  readonly #audioRate = new RateOfTrack();
  /** Sums over the whole groups of pictures. */
  readonly #gops = { count: 0, ms: 0, frames: 0 };
  #keyframe: { timestampMs: number; frame: number } | null = null;
  #firstFrameMs: number | null = null;
  #firstKeyframeMs: number | null = null;

  get video(): VideoDescription | null {
    return this.#video;
  }

  get audio(): AudioDescription | null {
    return this.#audio;
  }

  /** Members of the latest `onMetaData`. */
  get metadata(): AmfObject | null {
    return this.#metadata;
  }

  get videoRates(): TrackRates {
    return this.#videoRate.rates();
  }

  get audioRates(): TrackRates {
    return this.#audioRate.rates();
  }

  /** When the first frame came, on the caller's clock; headers alone are none: servers keep them of streams long gone. */
  get firstFrameMs(): number | null {
    return this.#firstFrameMs;
  }

  get firstKeyframeMs(): number | null {
    return this.#firstKeyframeMs;
  }

  get gop(): GopLength | null {
    const { count, ms, frames } = this.#gops;
    return count === 0 ? null : { count, ms: ms / count, frames: frames / count };
  }

  /** Takes a message of the stream. */
  add({ typeId, timestampMs, payload }: RtmpMessage, nowMs: number): void {
    if (typeId === MessageType.Video) this.#addVideo(payload, timestampMs, nowMs);
    else if (typeId === MessageType.Audio) this.#addAudio(payload, timestampMs, nowMs);
    else {
      // AMF3 data has one format byte in front of AMF0 values.
      const data = typeId === MessageType.DataAmf3 && payload[0] === 0 ? payload.subarray(1) : payload;
      this.#metadata = readScript({ kind: "script", timestampMs, payload: data }, {})?.metadata ?? this.#metadata;
    }
  }

  #addVideo(payload: Uint8Array, timestampMs: number, nowMs: number): void {
    const flags = videoFlags(payload);
    if (this.#video === null || (flags & MediaFlag.SequenceHeader) !== 0) {
      this.#video = describeVideo(payload) ?? this.#video;
    }
    if ((flags & noFrame) !== 0 || payload.length === 0) return;
    this.#firstFrameMs ??= nowMs;
    if ((flags & MediaFlag.Keyframe) !== 0) {
      this.#firstKeyframeMs ??= nowMs;
      this.#onKeyframe(timestampMs);
    }
    this.#videoRate.add(timestampMs, payload.length);
  }

  #addAudio(payload: Uint8Array, timestampMs: number, nowMs: number): void {
    const flags = audioFlags(payload);
    if (this.#audio === null || (flags & MediaFlag.SequenceHeader) !== 0) {
      this.#audio = describeAudio(payload) ?? this.#audio;
    }
    if ((flags & noFrame) !== 0 || payload.length === 0) return;
    this.#firstFrameMs ??= nowMs;
    this.#audioRate.add(timestampMs, payload.length);
  }

  #onKeyframe(timestampMs: number): void {
    const frame = this.#videoRate.rates().frames;
    if (this.#keyframe !== null) {
      const ms = timestampDiff(timestampMs, this.#keyframe.timestampMs);
      if (ms > 0) this.#addGop(ms, frame - this.#keyframe.frame);
    }
    this.#keyframe = { timestampMs, frame };
  }

  #addGop(ms: number, frames: number): void {
    this.#gops.count++;
    this.#gops.ms += ms;
    this.#gops.frames += frames;
  }
}

class RateOfTrack {
  #frames = 0;
  #bytes = 0;
  #spanMs = 0;
  #firstMs = 0;

  add(timestampMs: number, bytes: number): void {
    if (this.#frames === 0) this.#firstMs = timestampMs;
    this.#frames++;
    this.#bytes += bytes;
    this.#spanMs = Math.max(this.#spanMs, timestampDiff(timestampMs, this.#firstMs));
  }

  rates(): TrackRates {
    const known = this.#frames > 1 && this.#spanMs > 0;
    // The last frame lasts as long as the others, on average.
    const totalMs = this.#spanMs * this.#frames / (this.#frames - 1);
    return {
      frames: this.#frames,
      bytes: this.#bytes,
      framesPerSecond: known ? this.#frames * 1000 / totalMs : null,
      kbps: known ? this.#bytes * 8 / totalMs : null,
    };
  }
}
