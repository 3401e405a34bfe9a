import { FlvDemuxer } from "../../../src/flv/demuxer.ts";
import { type HlsPublish, Packager, type PackagerOptions } from "../../../src/hls/packager.ts";
import { type PlaylistNames, type PlaylistOptions } from "../../../src/hls/playlist.ts";
import type { MediaPacket } from "../../../src/stream/packet.ts";
import { clip } from "../media/media.ts";
import type { Prng } from "../media/mutate.ts";

/** A packet with its time by the owner's wall clock. */
export interface TimedPacket {
  readonly packet: MediaPacket;
  readonly wallMs: number;
}

/** Wall clock at stream time 0, in the middle of a slot of whatever length. */
export const hlsStartMs = Date.UTC(2026, 10, 27, 12, 0, 0) + 1234;

/** High profile, 1280x720 and 640x360, as x264 writes it. */
const avcRecords = {
  large: "0164001fffe1001a6764001facd9405005bb011000000300100000030320f183196001000668ebe3cb22c0fdf8f800",
  small: "0164001effe1001b6764001eacd940a02ff9610000030001000003003c8f162d9601000668ebe3cb22c0fdf8f800",
} as const;
const aacConfigs = { stereo: "1210", mono: "1208" } as const;

/** Packets that are right in shape, with noise in them. */
export const hlsPackets = {
  avcHeader: (size: keyof typeof avcRecords, atMs: number) =>
    video(atMs, [0x17, 0, 0, 0, 0], fromHex(avcRecords[size])),
  aacHeader: (layout: keyof typeof aacConfigs, atMs: number) => audio(atMs, [0xaf, 0], fromHex(aacConfigs[layout])),
  /** An H.264 picture of one unit. */
  picture(atMs: number, isKey: boolean, mark: number, bytes = 60, compositionMs = 0): TimedPacket {
    const unit = marked(Math.max(bytes, 8), mark);
    unit[0] = isKey ? 0x65 : 0x41;
    const head = [isKey ? 0x17 : 0x27, 1, compositionMs >>> 16 & 255, compositionMs >>> 8 & 255, compositionMs & 255];
    return video(atMs, head, Uint8Array.of(0, 0, unit.length >>> 8, unit.length & 255, ...unit));
  },
  aac: (atMs: number, mark: number) => audio(atMs, [0xaf, 1], marked(20, mark)),
  /** MPEG 1 layer 3, 44.1 kHz, stereo. */
  mp3: (atMs: number, mark: number) => audio(atMs, [0x2f], Uint8Array.of(0xff, 0xfb, 0x90, 0, ...marked(40, mark))),
};

function video(atMs: number, head: readonly number[], body: Uint8Array): TimedPacket {
  return timed("video", atMs, head, body);
}

function audio(atMs: number, head: readonly number[], body: Uint8Array): TimedPacket {
  return timed("audio", atMs, head, body);
}

function timed(kind: "audio" | "video", atMs: number, head: readonly number[], body: Uint8Array): TimedPacket {
  const payload = Uint8Array.of(...head, ...body);
  return { packet: { kind, timestampMs: Math.round(atMs) >>> 0, payload }, wallMs: hlsStartMs + Math.round(atMs) };
}

/** Bytes without start codes that tell where they come from. */
function marked(length: number, mark: number): Uint8Array {
  const bytes = Uint8Array.from({ length }, (_, i) => 1 + (i * 37 + mark) % 250);
  new DataView(bytes.buffer).setUint32(2, mark | 0x0101_0101);
  return bytes;
}

function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** Shape of {@link hlsStream}. */
export interface HlsStreamShape {
  readonly durationMs: number;
  /** 0 for no video. */
  readonly fps: number;
  readonly gopMs: number;
  /** Time of the first keyframe. */
  readonly phaseMs?: number;
  readonly hasAudio: boolean;
  /** Nothing comes in these times. */
  readonly silences?: readonly (readonly [fromMs: number, toMs: number])[];
  readonly bFrames?: boolean;
}

/** A publish: headers, then pictures and sound in the order of their times. */
export function hlsStream(shape: HlsStreamShape): TimedPacket[] {
  const { durationMs, fps, gopMs, phaseMs = 0, hasAudio, silences = [], bFrames = false } = shape;
  const isSilent = (ms: number) => silences.some(([from, to]) => ms >= from && ms < to);
  const packets: TimedPacket[] = [];
  let keyMs = -Infinity;
  for (let i = 0; fps > 0; i++) {
    const ms = phaseMs + i * 1000 / fps;
    if (ms >= durationMs) break;
    const isKey = ms - keyMs >= gopMs - 0.001;
    if (isKey) keyMs = ms;
    const compositionMs = bFrames ? [80, 120, 0, 40][i % 4]! : 0;
    if (!isSilent(ms)) packets.push(hlsPackets.picture(ms, isKey, i, isKey ? 400 : 60, compositionMs));
  }
  for (let i = 0; hasAudio; i++) {
    const ms = i * 1024_000 / 44_100;
    if (ms >= durationMs) break;
    if (!isSilent(ms)) packets.push(hlsPackets.aac(ms, i));
  }
  packets.sort((a, b) => a.wallMs - b.wallMs);
  const headers = [];
  if (fps > 0) headers.push(hlsPackets.avcHeader("large", 0));
  if (hasAudio) headers.push(hlsPackets.aacHeader("stereo", 0));
  return [...headers, ...packets];
}

/** A stream of a random shape: any frame rate, keyframes at random, silences, headers that change. */
export function randomHlsStream(prng: Prng, durationMs: number): TimedPacket[] {
  const fps = prng.pick([1, 5, 12, 15, 24, 25, 29.97, 30, 50, 60]);
  const gopMs = prng.pick([200, 500, 1000, 1900, 2000, 2002, 2500, 3000, 5000, 10_000, 40_000]);
  const isIrregular = prng.below(3) === 0;
  const silences = Array.from({ length: prng.below(3) }, () => {
    const from = prng.below(durationMs);
    return [from, from + prng.below(8000)] as const;
  });
  const hasVideo = prng.below(6) > 0;
  const base = hlsStream({
    durationMs,
    fps: hasVideo ? fps : 0,
    gopMs,
    phaseMs: prng.below(3000),
    hasAudio: !hasVideo || prng.below(4) > 0,
    silences,
    bFrames: prng.below(2) === 0,
  });
  // Video alone may also stop for a while.
  const stopMs = prng.below(4) === 0 ? hlsStartMs + prng.below(durationMs) : Infinity;
  const goesMs = stopMs + prng.below(15_000);
  return base.flatMap((each, i) => {
    const { packet, wallMs } = each;
    if (packet.kind === "video" && packet.payload[1] === 1 && wallMs >= stopMs && wallMs < goesMs) return [];
    const isKey = packet.kind === "video" && packet.payload[0] === 0x17 && packet.payload[1] === 1;
    if (isIrregular && isKey && prng.below(3) === 0) return [hlsPackets.picture(wallMs - hlsStartMs, false, i)];
    if (i > 10 && prng.below(700) === 0) {
      const atMs = wallMs - hlsStartMs;
      const isVideo = hasVideo && prng.below(2) === 0;
      const changed = isVideo
        ? hlsPackets.avcHeader(prng.pick(["large", "small"]), atMs)
        : hlsPackets.aacHeader(prng.pick(["stereo", "mono"]), atMs);
      return [changed, each];
    }
    return [each];
  });
}

/** The packets of the clip of the tests. */
export function clipPackets(): TimedPacket[] {
  const kinds: Readonly<Record<number, MediaPacket["kind"]>> = { 8: "audio", 9: "video" };
  return new FlvDemuxer().push(Deno.readFileSync(clip)).map(({ type, timestampMs, payload }) => ({
    packet: { kind: kinds[type] ?? "script", timestampMs, payload },
    wallMs: hlsStartMs + timestampMs,
  }));
}

/** Options for tests: a window that keeps everything. */
export const hlsOptions: PackagerOptions & PlaylistOptions = {
  container: "cmaf",
  fragmentMs: 2000,
  partMs: 0,
  windowMs: 600_000,
  maxBytes: 500_000_000,
  targetRatio: 1,
};

/** A publish that this node sees from its first packet on. */
export const firstPublish: HlsPublish = { epoch: 1, discontinuities: 0, isFromStart: true };

/** A packager that got one publish, which has not ended. */
export function packaged(packets: readonly TimedPacket[], options = hlsOptions, publish = firstPublish): Packager {
  const packager = new Packager(options);
  packager.startPublish(publish);
  for (const { packet, wallMs } of packets) packager.onPacket(packet, wallMs);
  return packager;
}

/**
 * What a node gets that joins at a packet: the headers in force, then that packet and what follows. As servers do, each
 * header once, audio first.
 */
export function joinedAt(packets: readonly TimedPacket[], index: number): TimedPacket[] {
  const isHeader = (kind: string) => ({ packet }: TimedPacket) => packet.kind === kind && packet.payload[1] === 0;
  const before = packets.slice(0, index);
  const headers = ["audio", "video"].flatMap((kind) => before.findLast(isHeader(kind)) ?? []);
  return [...headers, ...packets.slice(index)];
}

/** Names as those of files. */
export const hlsNames: PlaylistNames = {
  segment: ({ number, init }) => `${number}.${init === null ? "ts" : "m4s"}`,
  part: (number, index) => `${number}.${index}.m4s`,
  init: (id) => `init-${id}.mp4`,
  key: (keyNumber) => `${keyNumber}.key`,
};
