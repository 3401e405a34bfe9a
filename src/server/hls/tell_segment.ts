import type { VhostHandle } from "../../config/mod.ts";
import { parseStreamUrl, type StreamUrl } from "../../rtmp/url.ts";
import type { ServerContext } from "../context.ts";
import { hookUrls } from "../hooks/hooks.ts";
import type { HookSubject } from "../hooks/payload.ts";
import type { SegmentNames } from "./segment_path.ts";
import type { WrittenSegment } from "./hls_files.ts";

/** What telling takes of a server. */
export type TellServer = Pick<ServerContext, "hooks" | "registry" | "log" | "world" | "identity">;

/** Tells `on_hls` and `on_hls_notify` of a segment that was written. */
export function tellSegment(
  server: TellServer,
  vhost: VhostHandle,
  key: string,
  { segment, path, playlistPath }: WrittenSegment,
): void {
  const { now } = vhost;
  const notified = now.httpHooks.enabled ? now.httpHooks.onHlsNotify : [];
  if (hookUrls(now, "on_hls").length === 0 && notified.length === 0) return;
  const { hooks, log, registry, world } = server;
  if (hooks.isFull) return log.warn(`on_hls of ${key} was not sent: too many hook calls are pending`);
  const stream = registry.streams().get(key);
  const publisher = stream?.publisher ?? null;
  const url = publisher?.url ?? stream?.url ?? urlOf(key, vhost.name);
  const root = now.hls.path;
  const held = registry.holdStreamId(key);
  const subject: HookSubject = {
    client: {
      id: publisher?.id ?? "",
      remoteIp: publisher?.ip ?? "",
      tcUrl: publisher?.tcUrl ?? `rtmp://${url.vhost}/${url.app}`,
      pageUrl: "",
      bytesIn: 0,
      bytesOut: 0,
    },
    url,
    streamId: held.id,
    segment: {
      duration: segment.durationMs / 1000,
      cwd: world.process.cwd(),
      file: `${root}/${path}`,
      url: path,
      m3u8: `${root}/${playlistPath}`,
      m3u8_url: playlistPath,
      seq_no: segment.number,
    },
  };
  hooks.track(hooks.tell("on_hls", now, subject, log).finally(() => held.release()));
  for (const address of notified) {
    const values: Readonly<Record<string, string>> = {
      "[server_id]": server.identity.serverId,
      "[app]": url.app,
      "[stream]": url.stream,
      "[param]": url.query,
      "[ts_url]": `${now.hls.entryPrefix}${path}`,
    };
    const target = address.replace(/\[(?:server_id|app|stream|param|ts_url)\]/g, (name) => values[name] ?? name);
    hooks.track(hooks.notify(target, now, now.hls.nbNotifyBytes, log));
  }
}

/** Names of files of a stream, by its key. */
export function namesOf(key: string, vhost: string): SegmentNames {
  const path = key.slice(key.indexOf("/") + 1);
  const slash = path.lastIndexOf("/");
  return { vhost, app: path.slice(0, Math.max(0, slash)), stream: path.slice(slash + 1) };
}

function urlOf(key: string, vhost: string): StreamUrl {
  const { app, stream } = namesOf(key, vhost);
  return { ...parseStreamUrl(`rtmp://localhost/${app}`, stream), vhost, key };
}
