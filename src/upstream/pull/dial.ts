import { type Span, TRACEPARENT } from "../../base/trace.ts";
import type { StreamUrl } from "../../rtmp/url.ts";
import type { UpstreamEnvironment } from "../environment.ts";
import type { PullRequest } from "./pull_request.ts";
import {
  DISCONTINUITIES_HEADER,
  EPOCH_HEADER,
  epochMember,
  HASTE_HEADER,
  knownCountMember,
} from "../../stream/publish_facts.ts";
import { FlvClient } from "../client/flv_client.ts";
import { talkRule } from "../redirect_policy.ts";
import { RtmpClient } from "../client/rtmp_client.ts";
import { tlsFor } from "../client/tls.ts";
import { flvPath, type PullTarget, upstreamSession, withTrace } from "../target.ts";
import type { UpstreamClient, UpstreamRun, UpstreamRunOptions } from "./run.ts";

/** By its name a client is known as one that goes where a redirect sends it. */
const anonymous = ["user-agent", "srs-ts"] as const;

/** What is asked, of whom, and for whom. */
export interface UpstreamDialOptions {
  request: PullRequest;
  target: PullTarget;
  /** Servers that play the stream here. */
  via: readonly string[];
  environment: UpstreamEnvironment;
  /** What comes is wanted at once. */
  isHasty(): boolean;
  /** The attempt, if it is traced: the server goes on with the trace. */
  trace: Span | null;
}

/** How one attempt reaches its server: over RTMP or HTTP-FLV, as the request says. */
export function upstreamDial(options: UpstreamDialOptions): UpstreamRunOptions["dial"] {
  return (handlers, signal) => {
    const { request } = options;
    const connect = (url: StreamUrl) => connectTo(url, options, handlers, signal);
    const url = request.askedUrl?.() ?? request.url;
    return url instanceof Promise ? url.then(connect) : connect(url);
  };
}

function connectTo(
  url: StreamUrl,
  { request, target, via, environment, isHasty, trace }: UpstreamDialOptions,
  handlers: UpstreamRun,
  signal: AbortSignal,
): Promise<UpstreamClient> {
  const { vhost, pageUrl, swfUrl } = request;
  const { timers, newCid, connectArgs, httpHeaders } = environment;
  const { cluster } = vhost.now;
  const { host, port, namedBy } = target;
  const tellsWho = cluster.debugSrsUpnode;
  // A server that stood still learns by it that another one has taken over.
  const seenEpoch = environment.epochs.highest(request.url.key);
  const knownCount = environment.knownDiscontinuities?.(request.url.key) ?? null;
  const stream = { url, vhost, pageUrl, swfUrl };
  const tls = tlsFor(target, environment);
  const { connectTimeoutMs, handshakeTimeoutMs } = cluster;
  const way = {
    host,
    port,
    tls,
    connectTimeoutMs,
    handshakeTimeoutMs,
    timers,
    network: environment,
    signal,
    mayTalkTo: talkRule(namedBy),
  };
  if (request.protocol === "rtmp") {
    // Without its mark a relay would be sent away by an owner that is about to stop.
    const isRelay = cluster.mode !== "remote";
    const known = { ...epochMember(seenEpoch), ...knownCountMember(knownCount) };
    const told = tellsWho || isRelay ? { ...connectArgs(newCid(), via, isRelay), ...known } : null;
    const args = withTrace(told, trace);
    const session = { ...upstreamSession("play", stream, target, args), lendsMedia: true };
    return RtmpClient.connect({ ...way, session }, handlers);
  }
  // Servers, SRS too, answer when they have something to send: that takes as long as the first media.
  const headTimeoutMs = cluster.firstMediaTimeoutMs;
  const headers = [
    ...(tellsWho ? httpHeaders(via) : [anonymous]),
    ...(tellsWho && seenEpoch > 0 ? [[EPOCH_HEADER, String(seenEpoch)] as const] : []),
    ...(tellsWho && knownCount !== null ? [[DISCONTINUITIES_HEADER, String(knownCount)] as const] : []),
    ...(tellsWho && isHasty() ? [[HASTE_HEADER, "1"] as const] : []),
    ...pageHeader(pageUrl),
    ...(trace === null ? [] : [[TRACEPARENT, trace.traceparent] as const]),
  ];
  return FlvClient.connect({ ...way, headTimeoutMs, path: target.path ?? flvPath(stream), headers }, handlers);
}

/** The page that the player is on, unless it could not stand in a header. */
function pageHeader(pageUrl: string): [name: string, value: string][] {
  return /^[!-~]{1,2000}$/.test(pageUrl) ? [["referer", pageUrl]] : [];
}
