/** What a process holds at one moment. */
export interface ProcessUse {
  rssMiB: number;
  /** Open file descriptors: sockets, pipes, files. */
  fds: number;
}

/**
 * Reads it from `/proc`.
 *
 * @param apiPorts Connections from and to these are not counted: HTTP keeps them a while for the next question.
 */
export function useOf(pid: number, apiPorts: readonly number[]): ProcessUse {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  const rssKiB = Number(/VmRSS:\s*(\d+) kB/.exec(status)?.[1] ?? 0);
  const kept = keptSockets(apiPorts);
  const links = [...Deno.readDirSync(`/proc/${pid}/fd`)].map(({ name }) => linkOf(`/proc/${pid}/fd/${name}`));
  return { rssMiB: rssKiB / 1024, fds: links.filter((link) => !kept.has(link)).length };
}

/** Sockets connected from or to one of the ports, as `/proc` names them. */
function keptSockets(ports: readonly number[]): Set<string> {
  const kept = new Set<string>();
  for (const line of Deno.readTextFileSync("/proc/net/tcp").split("\n").slice(1)) {
    const [, local, remote, state, , , , , , inode] = line.trim().split(/\s+/);
    const isListening = state === "0A";
    const isKept = [local, remote].some((address) => ports.includes(parseInt(address?.split(":")[1] ?? "", 16)));
    if (isKept && !isListening) kept.add(`socket:[${inode}]`);
  }
  return kept;
}

function linkOf(path: string): string {
  try {
    return Deno.readLinkSync(path);
  } catch {
    // Closed since.
    return "";
  }
}

/** Slope of the straight line through values at distances of 1. */
export function slope(values: readonly number[]): number {
  const mean = (list: readonly number[]) => list.reduce((sum, value) => sum + value, 0) / list.length;
  const middle = (values.length - 1) / 2;
  const average = mean(values);
  const covariance = mean(values.map((value, i) => (i - middle) * (value - average)));
  const variance = mean(values.map((_, i) => (i - middle) ** 2));
  return variance === 0 ? 0 : covariance / variance;
}

/** What a server's HTTP API says it holds. */
export async function heldBy(apiPort: number): Promise<{ connections: number; clients: number; streams: number }> {
  const read = async (path: string) => await (await fetch(`http://127.0.0.1:${apiPort}/api/v1/${path}`)).json();
  const [summaries, clients, streams] = await Promise.all([
    read("summaries"),
    read("clients?count=10000"),
    read("streams?count=10000"),
  ]);
  return {
    connections: summaries.data.self === undefined ? NaN : summaries.data.system.conn_srs,
    clients: clients.clients.length,
    streams: streams.streams.length,
  };
}
