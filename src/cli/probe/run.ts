import type { Timers, WallClock } from "../../base/clock.ts";
import type { TlsDialOptions } from "../../net/tls/dial.ts";
import type { Fetch } from "../../base/world.ts";
import { askApis, askPullsAgain } from "./api.ts";
import { traceChain } from "./chain.ts";
import { failureOf } from "./hints.ts";
import { MediaMeter } from "./meter.ts";
import {
  type ApiReport,
  describeMedia,
  type ProbeReport,
  type ProbeStep,
  rounded,
  type ServerReport,
} from "./report.ts";
import { followRedirects } from "./redirects.ts";
import type { StreamTarget } from "../stream_target.ts";

/** Hears of a probe's progress. */
export interface ProbeEvents {
  onApi(report: ApiReport): void;
  onServer(server: string): void;
  /** A step is done; the report holds its time. */
  onStep(step: ProbeStep, report: ServerReport): void;
}

/** Options of {@link runProbe}. */
export interface ProbeOptions {
  target: StreamTarget;
  /** For servers that are asked over TLS. */
  tls?: TlsDialOptions;
  /** Until the first media, all servers together. */
  timeoutMs: number;
  measureMs: number;
  /** HTTP APIs to be asked who has the stream, `host:port`. */
  apis: readonly string[];
  /** `name:password` for those; null without. */
  credentials: string | null;
  timers: Timers & WallClock;
  fetch: Fetch;
  stop: AbortSignal;
  events: ProbeEvents;
}

/** Exit statuses of a probe; 2, a wrong command line, is given by the caller. */
const Exit = { Found: 0, NotFound: 1, Unreachable: 3 } as const;
const API_TIMEOUT_MS = 3000;

/** Asks for a stream, follows redirects to the server that has it, and measures it. Never throws. */
export async function runProbe(options: ProbeOptions): Promise<ProbeReport> {
  const { target, timers, events } = options;
  const apiTimeoutMs = Math.min(options.timeoutMs, API_TIMEOUT_MS);
  const asking = { ...options, timeoutMs: apiTimeoutMs };
  const before = await askApis(target.parts, asking);
  for (const report of before) events.onApi(report);
  const meter = new MediaMeter();
  const startMs = timers.nowMs();
  const { servers, refusal } = await followRedirects(options, meter, startMs + options.timeoutMs);
  const endMs = timers.nowMs();
  const last = servers.at(-1)!;
  const found = last.result === "media";
  const wasReached = servers.some(({ handshakeMs }) => handshakeMs !== null);
  const api = found ? await askPullsAgain(target.parts, before, asking) : before;
  const chain = found ? traceChain(last, api, meter.metadata) : null;
  const { firstFrameMs, firstKeyframeMs } = meter;
  return {
    url: target.url,
    found,
    status: found ? Exit.Found : wasReached ? Exit.NotFound : Exit.Unreachable,
    owner: chain?.owner ?? null,
    chain: chain?.servers ?? [],
    servers: servers.map(roundTimes),
    firstMediaMs: firstFrameMs === null ? null : rounded(firstFrameMs - startMs, 1),
    firstKeyframeMs: firstKeyframeMs === null ? null : rounded(firstKeyframeMs - startMs, 1),
    measuredMs: firstFrameMs === null ? 0 : Math.round(endMs - firstFrameMs),
    ...describeMedia(meter),
    error: failureOf(last, refusal),
    api,
  };
}

function roundTimes(report: ServerReport): ServerReport {
  const { tcpMs, tlsMs, handshakeMs, connectMs, createStreamMs, answerMs } = report;
  return {
    ...report,
    tcpMs: rounded(tcpMs, 1),
    tlsMs: rounded(tlsMs, 1),
    handshakeMs: rounded(handshakeMs, 1),
    connectMs: rounded(connectMs, 1),
    createStreamMs: rounded(createStreamMs, 1),
    answerMs: rounded(answerMs, 1),
  };
}
