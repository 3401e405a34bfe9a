import type { Span } from "../../base/trace.ts";
import { redirectAddress } from "../../cluster/redirect.ts";
import type { Config, VhostHandle } from "../../config/mod.ts";
import { OriginPool } from "../../upstream/origin_pool.ts";
import type { RtmpClientOptions } from "../../upstream/client/rtmp_client.ts";
import { StreamForward } from "../../upstream/forward/stream_forward.ts";
import { parseTarget, type PullTarget, withTrace } from "../../upstream/target.ts";
import { formatRtmpUrl, parseRtmpAddress, type StreamUrl, withoutSecrets } from "../../rtmp/url.ts";
import type { LiveSource } from "../../stream/live_source.ts";
import type { ServerContext } from "../context.ts";
import type { RoleHost } from "../rtmp/role.ts";

/** SRS waits 3 s for the connection. */
const timeouts = { connectTimeoutMs: 3000, handshakeTimeoutMs: 5000 };

/** Where a stream is copied to: a server, and what the stream is called there. */
export interface ForwardTarget {
  readonly server: PullTarget;
  readonly tcUrl: string;
  readonly app: string;
  /** Stream name with parameters. */
  readonly name: string;
}

/**
 * Reads a destination of `forward`; null if it is not one.
 *
 * `host[:port]`: the stream keeps app, name and parameters, and its vhost travels among these, as with SRS.
 * `rtmp://host[:port]/app/stream?query`, or `rtmps://` with TLS: it is called so there, and gets no other parameters; without a stream (one
 * part, or a slash at the end) it keeps its name.
 */
export function forwardTarget(address: string, url: StreamUrl): ForwardTarget | null {
  const server = parseTarget(address);
  if (server === null) return null;
  const isFull = address.includes("//");
  const parsed = parseRtmpAddress(isFull ? address : redirectAddress(url, { ip: server.host, port: server.port }));
  if (parsed === null || (isFull && !/^rtmps?:/i.test(address))) return null;
  const parts = parsed.path.split("/");
  const last = parts.length > 1 ? parts.pop() : "";
  const app = parts.join("/");
  if (app === "") return null;
  const name = `${last === "" ? url.stream : last}${parsed.query}`;
  const tcUrl = formatRtmpUrl(server.host, server.port, app);
  return { server, tcUrl: parsed.tls ? tcUrl.replace("rtmp:", "rtmps:") : tcUrl, app, name };
}

/** How much of an address the log quotes. */
const MAX_SHOWN_LENGTH = 200;

/** On whose behalf a stream is copied. */
export interface CopyingClient {
  readonly host: Pick<RoleHost, "id" | "log">;
  readonly server: Pick<ServerContext, "pulls" | "config">;
}

/**
 * Copies a published stream to other servers, each on its own: one that fails, or is slow, is tried again without the
 * publisher or the others noticing. Disposing ends the copies.
 */
export function copyStream(
  client: CopyingClient,
  { url, vhost, source, trace }: { url: StreamUrl; vhost: VhostHandle; source: LiveSource; trace: Span | null },
  addresses: readonly string[],
): Disposable {
  const { host: { log }, server: { config } } = client;
  const copies = new DisposableStack();
  for (const address of new Set(addresses)) {
    const target = forwardTarget(address, url);
    if (target === null) {
      const shown = JSON.stringify(withoutSecrets(address).slice(0, MAX_SHOWN_LENGTH));
      log.warn(`forward ${url.key}: skipped ${shown}, expected rtmp://host[:port]/app or host[:port]`);
    } else if (isLoop(config, url, target)) {
      log.error(`forward ${url.key}: skipped ${target.server.text}, which is this server`);
    } else copies.use(copyTo(client, { vhost, source, trace }, target));
  }
  return copies;
}

function copyTo(
  { host, server }: CopyingClient,
  { vhost, source, trace }: { vhost: VhostHandle; source: LiveSource; trace: Span | null },
  { server: target, tcUrl, app, name }: ForwardTarget,
): StreamForward {
  const { environment } = server.pulls;
  const session = (): RtmpClientOptions["session"] => {
    const { cluster, chunkSizeBytes } = vhost.now;
    const connectArgs = withTrace(cluster.debugSrsUpnode ? environment.connectArgs(host.id) : null, trace);
    return {
      role: "publish",
      tcUrl,
      app,
      name,
      chunkSizeBytes,
      handshake: "digest",
      ...(connectArgs === null ? {} : { connectArgs }),
    };
  };
  return new StreamForward(source, {
    // The table of origins does not keep the health of destinations.
    environment: { ...environment, pool: new OriginPool(environment.timers) },
    timeouts: () => timeouts,
    findTargets: () => [target],
    session,
    onTaken: () => {},
  });
}

/** The stream would come back to where it is: to a port of this server, under the same name. */
function isLoop({ listen, rtmps }: Config, url: StreamUrl, { server, app, name }: ForwardTarget): boolean {
  const isHere = server.host === url.host || /^(localhost|127\..*|::1)$/i.test(server.host);
  const isSameName = app === url.app && name.replace(/\?.*$/s, "") === url.stream;
  const ports = server.tls ? rtmps.enabled ? rtmps.listen : [] : listen;
  return isHere && isSameName && ports.some(({ port }) => port === server.port);
}
