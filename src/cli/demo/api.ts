import type { Timers, WallClock } from "../../base/clock.ts";
import { askCoworker } from "../../cluster/mesh/coworker_question.ts";

/** What an origin's HTTP API says about the demo's stream. */
export interface OriginReport {
  /** Whether this origin owns the stream: somebody publishes it here. */
  isOwner: boolean;
  /** Codec and size of the video, when known. */
  video: string;
  /** Connections that play, edges among them. */
  players: number;
  recvKbps: number;
  sendKbps: number;
}

const TIMEOUT_MS = 1000;

/** Asks an origin; null when it does not answer as it should. Never throws. */
export async function fetchOriginReport(apiPort: number, app: string, stream: string, timers: Timers & WallClock) {
  const api = `127.0.0.1:${apiPort}`;
  const question = { vhost: "__defaultVhost__", ip: "127.0.0.1", app, stream, timeoutMs: TIMEOUT_MS };
  const [answer, streams] = await Promise.all([askCoworker(fetch, timers, api, question), fetchStreams(api)]);
  if (answer.error !== null || streams === null) return null;
  const found = streams.find((each) => get(each, "app") === app && get(each, "name") === stream);
  return reportOf(answer.owner !== null, found);
}

function reportOf(isOwner: boolean, stream: unknown): OriginReport {
  const publish = get(stream, "publish");
  const video = get(stream, "video");
  const size = `${get(video, "width")}x${get(video, "height")}`;
  return {
    isOwner,
    video: typeof get(video, "codec") === "string" ? `${get(video, "codec")} ${size}` : "",
    players: Math.max(0, asNumber(get(stream, "clients")) - (get(publish, "active") === true ? 1 : 0)),
    recvKbps: asNumber(get(get(stream, "kbps"), "recv_30s")),
    sendKbps: asNumber(get(get(stream, "kbps"), "send_30s")),
  };
}

async function fetchStreams(api: string): Promise<readonly unknown[] | null> {
  try {
    const response = await fetch(`http://${api}/api/v1/streams/`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    const streams = get(await response.json(), "streams");
    return Array.isArray(streams) ? streams : null;
  } catch {
    // It starts, or it ends: the next question comes in a second.
    return null;
  }
}

function get(value: unknown, member: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, member) : undefined;
}

function asNumber(value: unknown): number {
  return typeof value === "number" ? value : 0;
}
