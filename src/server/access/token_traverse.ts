import type { AmfObject } from "../../amf/amf0.ts";
import { describeError, RequestDenied, UpstreamError } from "../../base/errors.ts";
import type { Logger } from "../../base/log.ts";
import type { VhostConfig } from "../../config/mod.ts";
import { RtmpClient, type RtmpClientOptions } from "../../upstream/client/rtmp_client.ts";
import { originTargets, type PullTarget } from "../../upstream/target.ts";
import { tlsFor } from "../../upstream/client/tls.ts";
import { parseRtmpAddress } from "../../rtmp/url.ts";
import type { ServerContext } from "../context.ts";

/** What a client said in its `connect`. */
export interface ConnectWords {
  readonly tcUrl: string;
  readonly pageUrl: string;
  readonly swfUrl: string;
  readonly args: AmfObject;
  readonly log: Logger;
}

/**
 * `token_traverse`: has an origin judge a client of an edge, by connecting there with the client's own words. The first
 * origin that can be reached decides, in the order in which the edge tries them for this stream.
 *
 * Source: SRS 7 `SrsRtmpConn::check_edge_token_traverse_auth`.
 *
 * @param key Name of the stream.
 * @throws {RequestDenied} The origin refuses, or none can be reached.
 */
export async function askOrigin(
  { pulls, timers }: Pick<ServerContext, "pulls" | "timers">,
  { cluster }: VhostConfig,
  key: string,
  words: ConnectWords,
): Promise<void> {
  for (const target of pulls.pool.order(originTargets(cluster, "rtmp"), key)) {
    try {
      const tls = tlsFor(target, pulls.environment);
      const refusal = await tryConnect(target, words, { ...cluster, timers, tls, network: pulls.environment });
      pulls.pool.noteSuccess(target.text);
      if (refusal === null) return;
      words.log.warn(`origin ${target.text} refused a client of ${key}: ${refusal}`);
      throw new RequestDenied("SecurityDenied", `refused by the origin: ${refusal}`);
    } catch (error) {
      if (!(error instanceof UpstreamError)) throw error;
      pulls.pool.noteFailure(target.text, error.message);
      pulls.environment.down.note(target, "rtmp");
      words.log.warn(`origin ${target.text} could not be asked about a client of ${key}: ${describeError(error)}`);
    }
  }
  throw new RequestDenied("StConnect", "no origin answered");
}

type ConnectLimits =
  & Pick<VhostConfig["cluster"], "connectTimeoutMs" | "handshakeTimeoutMs">
  & Pick<ServerContext, "timers">
  & Pick<RtmpClientOptions, "tls" | "network">;

/** @returns What the origin has against the client; null when it lets it in. */
async function tryConnect({ host, port }: PullTarget, words: ConnectWords, limits: ConnectLimits) {
  const { tcUrl, pageUrl, swfUrl, args } = words;
  const verdict = Promise.withResolvers<string | null>();
  // Whoever waits is told by `await`; a connection that fails before that must not count as unhandled.
  verdict.promise.catch(() => {});
  using _client = await RtmpClient.connect({
    host,
    port,
    ...limits,
    session: {
      role: "play",
      tcUrl,
      app: parseRtmpAddress(tcUrl)?.path ?? "",
      name: "",
      pageUrl,
      swfUrl,
      connectArgs: args,
      chunkSizeBytes: 60_000,
      handshake: "digest",
    },
  }, {
    onMedia: () => {},
    onEvent: (event) => {
      if (event.kind === "connected") verdict.resolve(null);
      else if (event.kind === "refused") verdict.resolve(`${event.status.code} ${event.status.description}`.trim());
      else if (event.kind === "redirect") verdict.resolve("the origin redirects elsewhere");
    },
    onEnd: (error) => verdict.reject(error),
  });
  return await verdict.promise;
}
