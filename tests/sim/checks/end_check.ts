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
    const left = {
      clients: server.registry.clientCount,
      streams: server.registry.streams().size,
      publishers: server.publishers.count,
      pulls: server.pulls.states().length,
      "held questions": server.heldQuestions.count,
      "RTMP connections": server.rtmp.connectionCount,
    };
    for (const [what, count] of Object.entries(left)) {
      if (count > 0) onFault(name, `has ${count} ${what} after all have left`);
    }
    if (http.viewerCount > 0) onFault(name, `counts ${http.viewerCount} viewers after all have left`);
  }
  checkEngine(cluster, onFault);
}

/** No lease of a start that is over, no stream that has left. */
function checkEngine({ engine }: SimCluster, onFault: (who: string, text: string) => void): void {
  if (engine === null) return;
  // What a dead server has left is void without its lease, and expires.
  const isHeld = (key: string) => engine.value(`srs:n:${engine.value(key)?.split("|")[1]}`) !== null;
  const held = engine.keys.filter((key) => key.startsWith("srs:s:") && isHeld(key));
  if (held.length > 0) onFault("engine", `keeps ${held.join(", ")} after all have left`);
}

/** After all servers have ended: nobody is connected to anything, and nothing is planned. */
export function checkStopped(cluster: SimCluster, onFault: (who: string, text: string) => void): void {
  const { network, engine } = cluster;
  if (network.openSockets > 0) onFault("network", `has ${network.openSockets} open sockets after the end`);
  for (const [name, count] of cluster.plannedCalls()) onFault(name, `has ${count} timers after the end`);
  if (engine === null) return;
  if (engine.linkCount > 0) onFault("engine", `has ${engine.linkCount} links after the end`);
  const leases = engine.keys.filter((key) => key.startsWith("srs:n:"));
  if (leases.length > 0) onFault("engine", `keeps ${leases.join(", ")} after the end`);
}
