import { loadConfig, requireConfig } from "../../config/mod.ts";

/** One server of the demo. */
export interface DemoServer {
  /** As people call it. */
  readonly name: string;
  readonly command: "origin" | "edge";
  /** Its file, relative to the directory that the demo runs in. */
  readonly confPath: string;
  /** Content of the file, ports moved. */
  readonly confText: string;
  readonly rtmpPort: number;
  /** Null for a server without HTTP API. */
  readonly apiPort: number | null;
}

const servers = [
  { name: "origin A", command: "origin", confPath: "conf/origin.cluster.serverA.conf" },
  { name: "origin B", command: "origin", confPath: "conf/origin.cluster.serverB.conf" },
  { name: "edge", command: "edge", confPath: "conf/origin.cluster.edge.conf" },
] as const;

/** Reads the three files of the walkthrough, from the source tree or from inside the compiled program. */
export async function readDemoServers(portOffset: number): Promise<DemoServer[]> {
  return await Promise.all(servers.map(async (server) => {
    const original = await Deno.readTextFile(new URL(`../../../${server.confPath}`, import.meta.url));
    const confText = movePorts(original, portOffset);
    const { listen, httpApi } = requireConfig(loadConfig({ path: server.confPath, text: confText }));
    const rtmpPort = listen[0]?.port;
    if (rtmpPort === undefined) throw new TypeError(`Cannot run ${server.confPath}: it has no listen`);
    return { ...server, confText, rtmpPort, apiPort: httpApi.enabled ? httpApi.listen.port : null };
  }));
}

/** Adds `offset` to every port of `listen`, `coworkers` and `origin` in a configuration. */
export function movePorts(confText: string, offset: number): string {
  return confText.replace(
    /^([ \t]*(?:listen|coworkers|origin)[ \t])([^;{}#]*);/gm,
    (_, name: string, values: string) =>
      `${name}${values.replace(/(^|[\s:])(\d+)(?=\s|$)/g, (_, before, port) => `${before}${Number(port) + offset}`)};`,
  );
}
