import { stopBySignal } from "../../../../src/cli/serve/stop.ts";
import { MemoryHttp } from "../../../kit/memory/memory_http.ts";
import { MemoryViewer } from "../../../kit/memory/memory_peers.ts";
import { askOwner } from "./cluster_rows.ts";
import { atRoot, type LiveRow, type LiveRows, type Stage } from "./stage.ts";

const foundByName = "origin_cluster on; coworkers dns+http://origins:1985;";

/** How many of some connections from one machine are served. */
async function fromOneMachine(stage: Stage, count: number): Promise<() => Promise<number>> {
  await stage.publish();
  return async () => {
    const host = stage.host();
    const viewers: MemoryViewer[] = [];
    for (let i = 0; i < count; i++) viewers.push(await MemoryViewer.start(host, "10.0.0.1:1935", "s"));
    await stage.run(500);
    return viewers.filter(({ isReady }) => isReady).length;
  };
}

/** Whether the API still answers those who know the password of before. */
function password(before: string, after: string): LiveRow {
  const file = (directives: string) => ({ api: `auth { ${directives} }` });
  return {
    before: file(before),
    after: file(after),
    begin(stage) {
      return async () => {
        const header = [`Authorization: Basic ${btoa("admin:secret")}`];
        const answer = await MemoryHttp.get(stage.host(), "10.0.0.1:1985", "/api/v1/summaries", header);
        await stage.run(500);
        return answer.status;
      };
    },
    seen: [200, 401],
  };
}

/** How a server ends that a signal tells to. */
function ending(before: string, after: string, signal: string, seen: LiveRow["seen"]): LiveRow {
  return {
    ...atRoot(before, after),
    async begin(stage) {
      await stage.publish();
      return async () => {
        const { server, http } = stage.server;
        let hasEnded = false;
        const from = stage.network.timers.nowMs();
        stopBySignal({ server, http }, signal, new Promise(() => {})).then(() => hasEnded = true);
        const waitedMs = await stage.until(() => server.drain.isOn || hasEnded);
        const { isOn } = server.drain;
        await stage.until(() => hasEnded);
        return [isOn ? waitedMs : "at once", Math.round((stage.network.timers.nowMs() - from) / 1000)];
      };
    },
    seen,
  };
}

/** Whether a publisher's traffic is told within 20 s. */
function traffic(before: string, after: string): LiveRow {
  return {
    ...atRoot(before, after),
    async begin(stage) {
      await stage.publish();
      return async () => {
        const from = stage.server.log.lines.length;
        await stage.run(20_000);
        return stage.server.log.lines.slice(from).some((line) => line.includes("<- CPB time="));
      };
    },
    seen: [false, true],
  };
}

/** Rows of the server as a whole. */
export const serverRows: LiveRows = {
  listen: {
    before: { listen: "1935" },
    after: { listen: "1935 1936" },
    async begin(stage) {
      await stage.publish();
      return async () => {
        const viewer = await MemoryViewer.start(stage.host(), "10.0.0.1:1936", "s").catch(() => null);
        await stage.run(500);
        return viewer?.isReady ?? false;
      };
    },
    seen: [false, true],
  },
  "srs_log_format": traffic("srs_log_format plain;", "srs_log_format srs;"),
  "pithy_print_ms": traffic(
    "srs_log_format srs; pithy_print_ms 60000;",
    "srs_log_format srs; pithy_print_ms 5000;",
  ),
  "client_timeout": {
    ...atRoot("client_timeout 20000;", "client_timeout 3000;"),
    async begin(stage) {
      const socket = await stage.host().connect({ host: "10.0.0.1", port: 1935 }, new AbortController().signal);
      await stage.run(1000);
      return async () => {
        let hasEnded = false;
        socket.read(new Uint8Array(16)).then(() => hasEnded = true);
        return await stage.until(() => hasEnded) > 10_000;
      };
    },
    seen: [true, false],
  },
  "max_connections": {
    ...atRoot("max_connections 1000;", "max_connections 2;"),
    begin: (stage) => fromOneMachine(stage, 3),
    seen: [3, 1],
  },
  "max_connections_per_ip": {
    ...atRoot("max_connections_per_ip 0;", "max_connections_per_ip 2;"),
    begin: (stage) => fromOneMachine(stage, 3),
    seen: [3, 2],
  },
  "connect_rate_per_ip": {
    ...atRoot("connect_rate_per_ip 0;", "connect_rate_per_ip 1;"),
    // The rate is counted over ten seconds.
    begin: (stage) => fromOneMachine(stage, 12),
    seen: [12, 10],
  },
  "trusted_proxies": {
    ...atRoot("", "trusted_proxies 10.0.2.0/24;"),
    async begin(stage) {
      await stage.publish();
      return async () => {
        await MemoryHttp.get(stage.host(), "10.0.0.1:8080", "/live/s.flv", ["X-Forwarded-For: 192.0.2.1"]);
        await stage.run(1000);
        return [...stage.server.server.registry.clients()].some(({ ip }) => ip === "192.0.2.1");
      };
    },
    seen: [false, true],
  },
  resolver: {
    before: { root: "resolver 10.0.9.1;", vhost: `cluster { ${foundByName} }` },
    after: { root: "resolver 10.0.9.2;", vhost: `cluster { ${foundByName} }` },
    begin(stage) {
      const { host, server } = stage.server;
      server.coworkerList.addresses(server.config.vhosts[0]!.cluster.coworkers);
      return async () => {
        await stage.run(6000);
        return host.nameServers.at(-1)?.host;
      };
    },
    seen: ["10.0.9.1", "10.0.9.2"],
  },
  advertise: {
    ...atRoot("", "advertise 192.0.2.7:1944;"),
    async begin(stage) {
      await stage.publish();
      return async () => (await askOwner(stage)).includes('"192.0.2.7"');
    },
    seen: [false, true],
  },
  "http_api.remote_control": {
    before: { api: "remote_control off;" },
    after: { api: "remote_control kick;" },
    async begin(stage) {
      await stage.publish();
      const viewer = await stage.play();
      const entry = [...stage.server.server.registry.clients()].find(({ type }) => type === "rtmp-play")!;
      return async () => {
        await MemoryHttp.ask("DELETE", stage.host(), "10.0.0.1:1985", `/api/v1/clients/${entry.id}`);
        await stage.run(1000);
        return viewer.ended !== "";
      };
    },
    seen: [false, true],
  },
  "http_api.allow_origin": {
    before: { api: "" },
    after: { api: "allow_origin http://a.example;" },
    begin(stage) {
      return async () => {
        const page = ["Origin: http://a.example"];
        const answer = await MemoryHttp.get(stage.host(), "10.0.0.1:1985", "/api/v1/summaries", page);
        await stage.run(500);
        return /^access-control-allow-credentials: true/im.test(answer.text);
      };
    },
    seen: [false, true],
  },
  "http_api.auth.enabled": password(
    "enabled off; username other; password secret;",
    "enabled on; username other; password secret;",
  ),
  "http_api.auth.username": password(
    "enabled on; username admin; password secret;",
    "enabled on; username other; password secret;",
  ),
  "http_api.auth.password": password(
    "enabled on; username admin; password secret;",
    "enabled on; username admin; password other;",
  ),
  "grace_start_wait": ending(
    "grace_start_wait 1000; grace_final_wait 3000;",
    "grace_start_wait 4000; grace_final_wait 3000;",
    "SIGQUIT",
    [[1000, 4], [4000, 7]],
  ),
  "grace_final_wait": ending(
    "grace_start_wait 1000; grace_final_wait 3000;",
    "grace_start_wait 1000; grace_final_wait 9000;",
    "SIGQUIT",
    [[1000, 4], [1000, 10]],
  ),
  "force_grace_quit": ending(
    "grace_start_wait 1000; grace_final_wait 3000; force_grace_quit off;",
    "grace_start_wait 1000; grace_final_wait 3000; force_grace_quit on;",
    "SIGTERM",
    [["at once", 0], [1000, 4]],
  ),
};
