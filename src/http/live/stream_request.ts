import { RequestDenied } from "../../base/errors.ts";
import { type Config, findVhost, type VhostConfig } from "../../config/mod.ts";
import { formatHost, parseStreamUrl, type StreamUrl, withVhost } from "../../rtmp/url.ts";
import type { Call } from "../call.ts";
import { refusal } from "../envelope.ts";
import { matchMount, mountExtension, type MountMatch } from "./mount_path.ts";
import { type StreamFormat, streamFormat } from "../format/stream_format.ts";

/** A live stream that a request asks for. */
export interface StreamRequest {
  readonly url: StreamUrl;
  readonly format: StreamFormat;
}

/**
 * Finds the live stream that a request means: null if it means none, a refusal for a name that none can have.
 *
 * The vhost is told by `?vhost=`, `?domain=` or the Host header, in this order, or by the path where the template has
 * `[vhost]` in it. Source: SRS 7 `SrsHttpStreamServer::hijack`.
 */
export function findStream(config: Config, call: Call): StreamRequest | Response | null {
  const format = streamFormat(mountExtension(call.path));
  if (format === undefined) return null;
  const { hostname } = call;
  const found = findByName(config, call) ?? findByPath(config, call);
  if (found === null) return null;
  const { vhostName, match } = found;
  try {
    const search = call.search === "" ? "" : `?${call.search}`;
    const url = parseStreamUrl(
      `rtmp://${formatHost(hostname || "localhost")}/${match.app}`,
      `${match.stream}${search}`,
    );
    return { url: withVhost(url, vhostName), format };
  } catch (error) {
    if (error instanceof RequestDenied) return refusal(400, error.message);
    throw error;
  }
}

interface Found {
  readonly vhostName: string;
  readonly match: MountMatch;
}

function findByName(config: Config, call: Call): Found | null {
  const { query, hostname } = call;
  const vhost = findVhost(config, query.get("vhost") || query.get("domain") || hostname);
  const match = vhost === undefined ? null : matchVhost(vhost, call);
  return vhost === undefined || match === null || (match.vhost !== null && match.vhost !== vhost.name)
    ? null
    : { vhostName: vhost.name, match };
}

function findByPath(config: Config, call: Call): Found | null {
  for (const vhost of config.vhosts) {
    const match = vhost.enabled ? matchVhost(vhost, call) : null;
    if (match !== null && match.vhost === vhost.name) return { vhostName: vhost.name, match };
  }
  return null;
}

function matchVhost({ httpRemux: { enabled, mount } }: VhostConfig, { hostname, path }: Call): MountMatch | null {
  return enabled ? matchMount(mount, hostname, path) : null;
}
