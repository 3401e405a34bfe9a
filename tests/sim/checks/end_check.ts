import type { SimCluster } from "../world/cluster.ts";

/** After all clients have left: no stream, no client, no lease is left. */
export function checkEnd(cluster: SimCluster, onFault: (who: string, text: string) => void): void {
  for (const { name, running } of cluster.servers.values()) {
    if (running === null) {
      onFault(name, "is not there, though all is mended");
      continue;
    }
    const { server, http } = running;
    const sources = [...server.sources.all()].map(({ key }) => key);
    if (sources.length > 0) onFault(name, `keeps ${sources.join(", ")} after all have left`);
    if (http.viewerCount > 0) onFault(name, `counts ${http.viewerCount} viewers after all have left`);
  }
  const { engine } = cluster;
  if (engine === null) return;
  // What a dead server has left is void without its lease, and expires.
  const isHeld = (key: string) => engine.value(`srs:n:${engine.value(key)?.split("|")[1]}`) !== null;
  const held = engine.keys.filter((key) => key.startsWith("srs:s:") && isHeld(key));
  if (held.length > 0) onFault("engine", `keeps ${held.join(", ")} after all have left`);
}
