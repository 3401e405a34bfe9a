import type { Span } from "../../base/trace.ts";
import { redirectAddress } from "../../cluster/redirect.ts";
import type { Config, VhostHandle } from "../../config/mod.ts";
import { OriginPool } from "../../upstream/origin_pool.ts";
import type { RtmpClientOptions } from "../../upstream/client/rtmp_client.ts";
import { StreamForward } from "../../upstream/forward/stream_forward.ts";
import { parseTarget, type PullTarget, withTrace } from "../../upstream/target.ts";
import { formatHost, parseRtmpAddress, type StreamUrl, withoutSecrets } from "../../rtmp/url.ts";
import type { LiveSource } from "../../stream/live_source.ts";
import type { ServerContext } from "../context.ts";
import type { RoleHost } from "../rtmp/role.ts";

/** SRS waits 3 s for the connection. */
const timeouts = { connectTimeoutMs: 3000, handshakeTimeoutMs: 5000 };

/** Services count attempts, and lock out who makes too many. */
const PATIENCE = { settledMs: 10_000, firstPauseMs: 500, maxPauseMs: 30_000 };

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
 * `rtmp://host[:port]/app/stream?query`, or `rtmps://` with TLS: it is called so there, and gets no other parameters;
 * without a stream (one part, or a slash at the end) it keeps its name. `rtmp://host/app?query/stream`, as the addresses of
 * some services with a key behind them read: the parameters belong to the application.
 *
 * The port stands in tcUrl if the address has one: services compare it with the address that they have given out.
 */
export function forwardTarget(address: string, url: StreamUrl): ForwardTarget | null {
  const server = parseTarget(address);
  if (server === null) return null;
  const isFull = address.includes("//");
  const parsed = parseRtmpAddress(isFull ? address : redirectAddress(url, { ip: server.host, port: server.port }));
  if (parsed === null || (isFull && !/^rtmps?:/i.test(address))) return null;
  const parts = parsed.path.split("/");
  const last = parts.length > 1 ? parts.pop() : "";
  const path = parts.join("/");
  if (path === "") return null;
  const slash = last === "" ? parsed.query.lastIndexOf("/") : -1;
  const app = slash < 0 ? path : `${path}${parsed.query.slice(0, slash)}`;
  const name = slash < 0 ? `${last === "" ? url.stream : last}${parsed.query}` : parsed.query.slice(slash + 1);
  if (name === "") return null;
  const hasPort = !isFull || /^rtmps?:\/\/(?:[^/?#@]*@)?(?:\[[^\]]*\]|[^/?#:]*):\d/i.test(address);
  const host = `${formatHost(server.host)}${hasPort ? `:${server.port}` : ""}`;
  return { server, tcUrl: `${parsed.tls ? "rtmps" : "rtmp"}://${host}/${app}`, app, name };
}

/** A destination as others may see it: the name of the stream there may be a key. */
export function showTarget({ tcUrl, name }: ForwardTarget, { stream }: Pick<StreamUrl, "stream">): string {
  return `${withoutSecrets(tcUrl)}/${name === stream ? stream : "***"}`;
}

/** Shorter ones hide nothing, and stand in other words too. */
const MIN_SECRET_LENGTH = 4;

/** Takes the name of the stream at the destination, which may be a key, and its parameters out of what the server says. */
export function hideKey(text: string, { name, app }: Pick<ForwardTarget, "name" | "app">, own: string): string {
  const [plain = ""] = name.split(/[?#]/);
  const queries = `${name.slice(plain.length)}&${app.split("?")[1] ?? ""}`;
  const values = queries.split(/[?&#]/).flatMap((pair) => [pair, pair.slice(pair.indexOf("=") + 1)]);
  return [name, plain, ...values].filter((secret) => secret.length >= MIN_SECRET_LENGTH && secret !== own)
    .sort((a, b) => b.length - a.length).reduce((hidden, secret) => hidden.replaceAll(secret, "***"), text);
}

/** How much of an address the log quotes. */
const MAX_SHOWN_LENGTH = 200;

/** On whose behalf a stream is copied. */
export interface CopyingClient {
  readonly host: Pick<RoleHost, "id" | "log">;
  readonly server: Pick<ServerContext, "pulls" | "config" | "forwards">;
}

/**
 * Copies a published stream to other servers, each on its own: one that fails, or is slow, is tried again without the
 * publisher or the others noticing. Disposing ends the copies.
 */
export function copyStream(
  client: CopyingClient,
  stream: { url: StreamUrl; vhost: VhostHandle; source: LiveSource; trace: Span | null },
  addresses: readonly string[],
): Disposable {
  const { host: { log }, server: { config, forwards } } = client;
  const { url } = stream;
  return forwards.begin(url.key, addresses, (address) => {
    const target = forwardTarget(address, url);
    if (target === null) {
      const shown = JSON.stringify(withoutSecrets(address).slice(0, MAX_SHOWN_LENGTH));
      log.warn(`forward ${url.key}: skipped ${shown}, expected rtmp://host[:port]/app or host[:port]`);
      return "not rtmp[s]://host[:port]/app/[stream] or host[:port]";
    }
    if (isLoop(config, url, target)) {
      log.error(`forward ${url.key}: skipped ${target.server.text}, which is this server`);
      return "that is this server itself";
    }
    const copy = copyTo(client, stream, target);
    return { shown: showTarget(target, url), state: copy.state, [Symbol.dispose]: () => copy[Symbol.dispose]() };
  });
}

function copyTo(
  { host, server }: CopyingClient,
  { url, vhost, source, trace }: { url: StreamUrl; vhost: VhostHandle; source: LiveSource; trace: Span | null },
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
    patience: PATIENCE,
    hide: (text) => hideKey(text, { name, app }, url.stream),
  });
}

/** The stream would come back to where it is: to a port of this server, under the same name. */
function isLoop({ listen, rtmps }: Config, url: StreamUrl, { server, app, name }: ForwardTarget): boolean {
  const isHere = server.host === url.host || /^(localhost|127\..*|::1)$/i.test(server.host);
  const isSameName = app === url.app && name.replace(/\?.*$/s, "") === url.stream;
  const ports = server.tls ? rtmps.enabled ? rtmps.listen : [] : listen;
  return isHere && isSameName && ports.some(({ port }) => port === server.port);
}
