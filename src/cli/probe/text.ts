import { escapeControls } from "../../base/log.ts";
import { parseTarget } from "../../upstream/target.ts";
import type {
  ApiReport,
  AudioReport,
  ProbeFailure,
  ProbeReport,
  ProbeStep,
  ServerReport,
  VideoReport,
} from "./report.ts";

/** The line of one coworker's API. */
export function apiLine({ api, latencyMs, owner, pulledFrom, error }: ApiReport): string {
  const has = owner === null ? "not published there" : `has it on ${owner}`;
  const answer = error ?? (pulledFrom === null ? has : `pulls it from ${pulledFrom}`);
  return line(`API ${api}`, `${latencyMs} ms, ${answer}`);
}

/** The line of a step that is done. */
export function stepLine(step: ProbeStep, report: ServerReport): string {
  switch (step) {
    case "tcp":
      return line("  TCP connection", `${time(report.tcpMs)}${report.ip === null ? "" : ` to ${report.ip}`}`);
    case "tls":
      return line("  TLS", time(report.tlsMs));
    case "handshake":
      return line("  handshake", time(report.handshakeMs));
    case "connect":
      return line("  connect", [time(report.connectMs), identity(report)].filter((part) => part !== "").join(", "));
    case "createStream":
      return line("  createStream", time(report.createStreamMs));
    case "play":
      return line("  play", `${answer(report)} after ${time(report.answerMs)}`);
  }
}

function answer({ result, redirect }: ServerReport): string {
  if (result !== "redirect") return "first media";
  const next = redirect === null ? null : parseTarget(redirect);
  return `redirect to ${next?.text ?? redirect}`;
}

function identity({ identity }: ServerReport): string {
  if (identity === null) return "";
  const { software, version, pid, id, ip } = identity;
  const name = software.includes(version) ? software : `${software} ${version}`;
  return [name, pid === null ? "" : `pid ${pid}`, id && `connection ${id}`, ip && `address ${ip}`]
    .filter((part) => part !== "").join(", ");
}

/** What was found, in some lines. */
export function resultLines(report: ProbeReport): string {
  const { found, error, video, audio, firstMediaMs, firstKeyframeMs, measuredMs } = report;
  if (!found) return error === null ? "" : failureLines(error);
  const lines = [
    ...ownerLines(report),
    video === null ? line("video", "none") : videoLine(video),
    ...(video === null ? [] : [line("GOP", gopText(video, measuredMs))]),
    audio === null ? line("audio", "none") : audioLine(audio),
    line("first media", `${time(firstMediaMs)} after the start of the probe`),
    ...(video === null
      ? []
      : [line("first keyframe", firstKeyframeMs === null ? "none arrived" : time(firstKeyframeMs))]),
    line("measured", `${(measuredMs / 1000).toFixed(1)} s${early(report)}`),
  ];
  return lines.join("");
}

function ownerLines({ owner, chain }: ProbeReport): string[] {
  const [sender = "", ...sources] = chain;
  const known = owner === null ? [] : [line("owner", owner)];
  if (sources.length > 0) {
    return [...known, line("sent by", `${sender}, which pulls it from ${sources.join(", from ")}`)];
  }
  if (owner !== null) return known;
  return [line("sent by", `${sender}, an edge; to see the owner, name the HTTP APIs of the servers with --api`)];
}

function early({ servers }: ProbeReport): string {
  const error = servers.at(-1)?.error ?? null;
  return error === null ? "" : `, ended early: ${error}`;
}

function failureLines({ server, step, message, hint }: ProbeFailure): string {
  return line("not found", `${server}: ${plainStep[step]}: ${message}`) + line("try", hint);
}

/** Steps in the words of a sentence. */
const plainStep: Readonly<Record<ProbeFailure["step"], string>> = {
  tcp: "no TCP connection",
  tls: "no TLS connection",
  handshake: "the RTMP handshake failed",
  connect: "connect failed",
  createStream: "createStream failed",
  play: "play failed",
  redirect: "the redirect leads nowhere",
};

function videoLine(video: VideoReport): string {
  const { codec, profile, level, width, height, frameRate, headerFrameRate, metadataFrameRate, kbps } = video;
  const announced = [
    headerFrameRate === null ? "" : `${headerFrameRate} by its header`,
    metadataFrameRate === null ? "" : `${metadataFrameRate} by metadata`,
  ].filter((part) => part !== "").join(", ");
  return line(
    "video",
    [
      [codec, profile, level].filter((part) => part !== "").join(" ") || "unknown codec",
      width === null || height === null ? "unknown size" : `${width}x${height}`,
      `${frameRate ?? "?"} frames/s${announced === "" ? "" : ` (${announced})`}`,
      `${kbps ?? "?"} kbit/s`,
    ].join(", "),
  );
}

function audioLine({ codec, profile, sampleRate, channels, kbps }: AudioReport): string {
  return line(
    "audio",
    [
      [codec, profile].filter((part) => part !== "").join(" ") || "unknown codec",
      `${sampleRate ?? "?"} Hz`,
      `${channels ?? "?"} channel${channels === 1 ? "" : "s"}`,
      `${kbps ?? "?"} kbit/s`,
    ].join(", "),
  );
}

function gopText({ gopMs, gopFrames }: VideoReport, measuredMs: number): string {
  if (gopMs === null) return `none complete within ${(measuredMs / 1000).toFixed(1)} s: try a larger --seconds`;
  return `${(gopMs / 1000).toFixed(2)} s, ${gopFrames} frames`;
}

function time(ms: number | null): string {
  return ms === null ? "?" : ms < 100 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`;
}

/** Words of a server may be of any length. */
const MAX_LENGTH = 500;

/** Two columns. Texts may hold words of a server. */
function line(label: string, text: string): string {
  return `${label.padEnd(18)} ${escapeControls(text).slice(0, MAX_LENGTH)}\n`;
}
