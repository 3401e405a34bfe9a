import type { Random } from "../random.ts";
import type { FaultPlan, Setting } from "../scenario.ts";
import type { ClientMachine, ClusterView, OwnServerView } from "../world/cluster_view.ts";

/** An operator waits no longer for an answer. */
const PATIENCE_MS = 2000;

/** Ends the connection of one client of a server, by the API. */
export async function kickClient(
  { operator, log, ports }: ClusterView,
  { ip, name }: OwnServerView,
  random: Random,
): Promise<void> {
  const answer = await call(operator, "GET", `http://${ip}:${ports.api}/api/v1/clients/?count=100`);
  const clients = (answer?.clients ?? []) as { id: string }[];
  if (clients.length === 0) return log.add("operator", `finds nobody to kick at ${name}`);
  const { id } = random.pick(clients);
  const { code } = await call(operator, "DELETE", `http://${ip}:${ports.api}/api/v1/clients/${id}`) ?? {};
  log.add("operator", `kicks ${id} at ${name}: code ${code}`);
}

/** Begins a graceful stop, by the API. */
export async function drainByApi({ operator, log, ports }: ClusterView, { ip, name }: OwnServerView): Promise<void> {
  const { code } = await call(operator, "POST", `http://${ip}:${ports.api}/api/v1/drain`) ?? {};
  log.add("operator", `drains ${name}: code ${code}`);
}

/** Changes a directive of a server while it runs. @returns Changes it back. */
export function changeSetting(fault: FaultPlan, server: OwnServerView, cluster: ClusterView): () => void {
  if (fault.setting === "gopCache") {
    cluster.withoutGopCacheMs = Math.max(cluster.withoutGopCacheMs, cluster.nowMs + fault.lastsMs);
  }
  const [from, to] = changeOf(fault, server, cluster);
  const change = (one: string, other: string) => {
    if (server.text.includes(one)) void server.reload(server.text.replace(one, other));
  };
  change(from, to);
  return () => change(to, from);
}

function changeOf(
  { setting, others }: FaultPlan,
  { ip: own, text }: OwnServerView,
  { servers, ports }: ClusterView,
): [string, string] {
  const listen = `listen ${own}:${ports.rtmp};`;
  const changes: Record<Setting, () => [string, string]> = {
    pithyPrint: () => [listen, `${listen} pithy_print_ms 5000;`],
    mwLatency: () => ["mw_latency 350;", "mw_latency 900;"],
    gopCache: () => ["gop_cache on;", "gop_cache off;"],
    onConflict: () => {
      const [, now = ""] = /on_conflict (\w+);/.exec(text) ?? [];
      return [`on_conflict ${now};`, now === "takeover" ? "on_conflict reject; " : "on_conflict takeover; "];
    },
    coworkers: () => {
      const [list = ""] = /coworkers [^;]*;/.exec(text) ?? [];
      const fewer = others.reduce((left, name) => left.replace(` ${servers.get(name)?.ip}:${ports.api}`, ""), list);
      // A list may not be empty.
      return [list, fewer.includes(":") ? fewer : list];
    },
  };
  return changes[setting]();
}

async function call(operator: ClientMachine, method: string, url: string): Promise<Record<string, unknown> | null> {
  const giveUp = new AbortController();
  const timer = operator.after(PATIENCE_MS, () => giveUp.abort());
  try {
    const response = await operator.fetch(url, { method, signal: giveUp.signal });
    return await response.json();
  } catch {
    // The server is down, or does not answer.
    return null;
  } finally {
    timer.cancel();
  }
}
