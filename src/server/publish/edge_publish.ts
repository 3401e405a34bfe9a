import type { Span } from "../../base/trace.ts";
import type { VhostHandle } from "../../config/mod.ts";
import { StreamForward } from "../../upstream/forward/stream_forward.ts";
import { originTargets, upstreamSession, withTrace } from "../../upstream/target.ts";
import type { StreamUrl } from "../../rtmp/url.ts";
import type { LiveSource } from "../../stream/live_source.ts";
import { addressForOrigin } from "../access/origin_signature.ts";
import type { ServerContext } from "../context.ts";
import type { RoleHost, RoleSession } from "../rtmp/role.ts";

/** What the publisher of an edge waits for. */
export interface EdgePublishSink {
  /** An origin has the stream: the publisher may start. */
  onTaken(): void;
  /** No origin takes it. */
  onRefused(reason: string): void;
}

/** The publisher, and where it is. */
export interface EdgePublisher {
  readonly host: Pick<RoleHost, "id" | "log">;
  readonly session: Pick<RoleSession, "connectInfo">;
  readonly server: Pick<ServerContext, "pulls"> & { readonly world: Pick<ServerContext["world"], "wallMs"> };
}

/** Gives the stream of an edge's publisher to an origin; the publisher stays while origins come and go. */
export function forwardToOrigin(
  { host, session, server }: EdgePublisher,
  stream: { url: StreamUrl; vhost: VhostHandle; source: LiveSource; trace: Span | null },
  sink: EdgePublishSink,
): StreamForward {
  const { url, vhost, source } = stream;
  const trace = stream.trace?.child("forward", { kind: "client" }) ?? null;
  const { environment, pool } = server.pulls;
  const info = session.connectInfo;
  const asked = { url, vhost, pageUrl: info?.pageUrl ?? "", swfUrl: info?.swfUrl ?? "" };
  const identity = () => vhost.now.cluster.debugSrsUpnode ? environment.connectArgs(host.id) : null;
  let isAccepted = false;
  return new StreamForward(source, {
    environment,
    timeouts: () => vhost.now.cluster,
    // The same stream goes to the same origin, as long as that one is in good health.
    findTargets: () => pool.order(originTargets(vhost.now.cluster, "rtmp"), url.key),
    session: (target) => {
      const sessionOf = (url: StreamUrl) =>
        upstreamSession("publish", { ...asked, url }, target, withTrace(identity(), trace));
      const address = addressForOrigin(vhost.now, url, "publish", server.world.wallMs());
      return address instanceof Promise ? address.then(sessionOf) : sessionOf(address);
    },
    onTaken: (server) => {
      host.log.info(`publish ${url.key}: sent to origin ${server}`);
      trace?.set({ "server.address": server });
      trace?.end();
      if (!isAccepted) sink.onTaken();
      isAccepted = true;
    },
    onRefused: (reason) => {
      trace?.end(reason);
      sink.onRefused(`no origin accepts the stream: ${reason}`);
    },
  });
}
