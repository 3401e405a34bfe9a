import { VERSION } from "../../base/version.ts";
import { clusterModes, type Config } from "../../config/mod.ts";
import type { JsonBody } from "../envelope.ts";

/** What a server is, in the parts that no call of SRS's API tells: role, coworkers, where HTTP-FLV is. */
export function describeNode(config: Config): JsonBody {
  const { httpServer, listen, vhosts } = config;
  const { local, remote } = clusterModes(config);
  return {
    version: VERSION,
    role: remote === 0 ? "origin" : local === 0 ? "edge" : "origin and edge",
    // Where encoders publish.
    rtmp_port: listen[0]?.port ?? null,
    // The ports alone: which of its addresses a browser reaches, the server cannot know.
    flv: httpServer.enabled
      ? {
        port: httpServer.listen.port,
        https_port: httpServer.https.enabled ? httpServer.https.listen.port : null,
      }
      : null,
    vhosts: vhosts.filter(({ enabled }) => enabled).map(({ name, cluster, httpRemux }) => ({
      name,
      role: cluster.mode === "remote" ? "edge" : "origin",
      coworkers: cluster.coworkers.map(({ text }) => text),
      flv_mount: httpRemux.enabled ? httpRemux.mount : null,
    })),
  };
}
