import { audioCodecString, videoCodecString } from "../mp4/codec_string.ts";
import type { SegmentHead, WindowEntry } from "./segment.ts";
import type { SegmentWindow } from "./segment_window.ts";

/** What of a stream is not known before there are segments. */
const UNKNOWN_BITS_PER_SECOND = 1_000_000;

/** Bits a second of what is listed. */
export interface MeasuredBandwidth {
  /** Of the segment that has most. */
  readonly peak: number;
  readonly average: number;
}

/** What the complete segments of a window need. */
export function measureBandwidth(window: SegmentWindow): MeasuredBandwidth {
  const segments = window.entries.filter(({ kind, durationMs }) => kind !== "gap" && durationMs > 0);
  if (segments.length === 0) return { peak: UNKNOWN_BITS_PER_SECOND, average: UNKNOWN_BITS_PER_SECOND };
  const bitsPerSecond = ({ byteLength, durationMs }: Pick<WindowEntry, "byteLength" | "durationMs">) =>
    Math.ceil(byteLength * 8000 / durationMs);
  const sum = { byteLength: 0, durationMs: 0 };
  for (const { byteLength, durationMs } of segments) {
    sum.byteLength += byteLength;
    sum.durationMs += durationMs;
  }
  return { peak: Math.max(...segments.map(bitsPerSecond)), average: bitsPerSecond(sum) };
}

/**
 * The playlist that leads to the one media playlist of a stream, and tells what is in it. Source: RFC 8216 §4.3.4.2.
 *
 * @param window Not empty.
 * @param mediaUri Of the media playlist.
 */
export function masterPlaylist(window: SegmentWindow, mediaUri: string): string {
  const { peak, average } = measureBandwidth(window);
  const attributes = [`BANDWIDTH=${peak}`, `AVERAGE-BANDWIDTH=${average}`, ...trackAttributes(newestHead(window))];
  return ["#EXTM3U", `#EXT-X-STREAM-INF:${attributes.join(",")}`, mediaUri, ""].join("\n");
}

function newestHead(window: SegmentWindow): SegmentHead | null {
  const { open, entries } = window;
  return open !== null && open.parts.length > 0 ? open : entries.at(-1) ?? null;
}

function trackAttributes(head: SegmentHead | null): string[] {
  const { video = null, audio = null } = head?.tracks ?? {};
  const codecs = [];
  if (video !== null) codecs.push(videoCodecString(video));
  if (audio !== null) codecs.push(audioCodecString(audio));
  const attributes = codecs.length > 0 ? [`CODECS="${codecs.join(",")}"`] : [];
  if (video === null) return attributes;
  const { width, height, frameRate } = video;
  if (width > 0 && height > 0) attributes.push(`RESOLUTION=${width}x${height}`);
  if (frameRate > 0 && frameRate < 1000) attributes.push(`FRAME-RATE=${frameRate.toFixed(3)}`);
  return attributes;
}
