import { type AmfObject, isAmfObject } from "../../amf/amf0.ts";
import { ROLE_MEMBER } from "../../rtmp/command.ts";
import type { GopLength, MediaMeter, TrackRates } from "./meter.ts";

/** What a probe asks of a server, in order. */
export type ProbeStep = "tcp" | "tls" | "handshake" | "connect" | "createStream" | "play";

/** Which program answered, where it says so (SRS and its kin do). */
export interface ServerIdentity {
  software: string;
  version: string;
  pid: number | null;
  /** Connection id in that server's log. */
  id: string;
  /** Its own address, as it sees it. */
  ip: string;
  /** `edge` if it says so; else empty. */
  role: string;
}

/** One server of the redirect chain. Times in ms, null for steps that were not reached. */
export interface ServerReport {
  /** `host:port`. */
  server: string;
  /** Address that the host name led to. */
  ip: string | null;
  tcpMs: number | null;
  /** Null without TLS, too. */
  tlsMs: number | null;
  handshakeMs: number | null;
  connectMs: number | null;
  createStreamMs: number | null;
  /** From play to the first media, the redirect or the refusal: how long the server held us. */
  answerMs: number | null;
  identity: ServerIdentity | null;
  result: "media" | "redirect" | "refused" | "ended" | "silent" | "failed";
  /** Address it redirects to. */
  redirect: string | null;
  failedStep: ProbeStep | null;
  error: string | null;
}

/** What one coworker's HTTP API said. */
export interface ApiReport {
  api: string;
  latencyMs: number;
  /** `ip:port` of the origin that has the stream, as this one sees it. */
  owner: string | null;
  /** Where it pulls the stream from, `host:port`, if it does. */
  pulledFrom: string | null;
  /** Which publish of the stream it has; null where it does not say. */
  epoch: number | null;
  /** Process that answered; null where it does not say. */
  pid: number | null;
  error: string | null;
}

/** Why there is no stream, and what to try. */
export interface ProbeFailure {
  server: string;
  step: ProbeStep | "redirect";
  message: string;
  hint: string;
}

/** Everything a probe found out; this is what `--json` prints, its keys are stable. */
export interface ProbeReport {
  url: string;
  found: boolean;
  /** Exit status. */
  status: number;
  /** `host:port` of the server to which the stream is published; null where only an edge is known that sends it. */
  owner: string | null;
  /** From the server that sends the stream to the one nearest to the publisher that is known, `host:port`. */
  chain: readonly string[];
  servers: ServerReport[];
  /** From the beginning of the probe, all servers included. */
  firstMediaMs: number | null;
  firstKeyframeMs: number | null;
  measuredMs: number;
  video: VideoReport | null;
  audio: AudioReport | null;
  metadata: AmfObject | null;
  error: ProbeFailure | null;
  api: ApiReport[];
}

/** Video of the stream. Texts are empty and numbers null where unknown. */
export interface VideoReport {
  codec: string;
  profile: string;
  level: string;
  width: number | null;
  height: number | null;
  /** Frames a second as measured, as the decoder header says, and as metadata says. */
  frameRate: number | null;
  headerFrameRate: number | null;
  metadataFrameRate: number | null;
  kbps: number | null;
  /** Mean length of the whole groups of pictures seen. */
  gopMs: number | null;
  gopFrames: number | null;
  frames: number;
}

/** Audio of the stream. */
export interface AudioReport {
  codec: string;
  profile: string;
  sampleRate: number | null;
  channels: number | null;
  kbps: number | null;
  frames: number;
}

/** Reads who a server is from its answer to connect; null when it does not say. */
export function readIdentity(data: AmfObject): ServerIdentity | null {
  const { srs_server: software, srs_version: version, srs_pid: pid, srs_id: id, srs_server_ip: ip } = data;
  if (typeof software !== "string" && typeof version !== "string") return null;
  return {
    software: textOf(software),
    version: textOf(version),
    pid: typeof pid === "number" && Number.isFinite(pid) ? pid : null,
    id: textOf(id),
    ip: textOf(ip),
    role: textOf(data[ROLE_MEMBER]),
  };
}

function textOf(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

/** Puts what was measured into the report's form. */
export function describeMedia(meter: MediaMeter): Pick<ProbeReport, "video" | "audio" | "metadata"> {
  const { metadata } = meter;
  return { video: videoReport(meter, metadata), audio: audioReport(meter), metadata };
}

function videoReport({ video, videoRates, gop }: MediaMeter, metadata: AmfObject | null): VideoReport | null {
  if (video === null && videoRates.frames === 0) return null;
  return {
    codec: video?.codec ?? "",
    profile: video?.profile ?? "",
    level: video?.level ?? "",
    width: video?.width || memberOf(metadata, "width"),
    height: video?.height || memberOf(metadata, "height"),
    frameRate: rounded(videoRates.framesPerSecond, 2),
    headerFrameRate: rounded(video?.frameRate || null, 3),
    metadataFrameRate: memberOf(metadata, "framerate"),
    ...rateReport(videoRates),
    ...gopReport(gop),
  };
}

function audioReport({ audio, audioRates }: MediaMeter): AudioReport | null {
  if (audio === null && audioRates.frames === 0) return null;
  return {
    codec: audio?.codec ?? "",
    profile: audio?.profile ?? "",
    sampleRate: audio?.sampleRate || null,
    channels: audio?.channels || null,
    ...rateReport(audioRates),
  };
}

function rateReport({ kbps, frames }: TrackRates) {
  return { kbps: rounded(kbps, 0), frames };
}

function gopReport(gop: GopLength | null) {
  return { gopMs: rounded(gop?.ms ?? null, 0), gopFrames: rounded(gop?.frames ?? null, 1) };
}

function memberOf(metadata: AmfObject | null, name: string): number | null {
  const value = metadata !== null && isAmfObject(metadata) ? metadata[name] : undefined;
  return typeof value === "number" && Number.isFinite(value) && value > 0 ? rounded(value, 3) : null;
}

/** Rounds to so many decimals. */
export function rounded<T extends number | null>(value: T, decimals: number): T {
  return (value === null ? null : Math.round(value * 10 ** decimals) / 10 ** decimals) as T;
}
