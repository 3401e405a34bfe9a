import { MemoryHttp } from "../../../kit/memory/memory_http.ts";
import { MemoryPublisher } from "../../../kit/memory/memory_peers.ts";
import { inVhost, type LiveRow, type LiveRows, type Stage } from "./stage.ts";

/** An origin that asks the one at 10.0.0.2. */
function origin(before: string, after: string): Pick<LiveRow, "before" | "after"> {
  const file = (directives: string) => {
    const others = directives.includes("coworkers") ? "" : "coworkers 10.0.0.2:1985;";
    return `${directives.includes("origin_cluster") ? "" : "origin_cluster on;"} ${others} ${directives}`;
  };
  return inVhost("cluster", file(before), file(after));
}

/** Another origin, at 10.0.0.2, with a stream. */
async function otherOrigin(stage: Stage, directives = ""): Promise<MemoryPublisher> {
  stage.serve(2, { vhost: `cluster { origin_cluster on; coworkers 10.0.0.1:1985; ${directives} }` });
  return await stage.publish("s", { at: 2 });
}

/** What becomes of a player of a stream that is at the other origin: what it gets. */
async function playElsewhere(stage: Stage): Promise<string> {
  const viewer = await stage.play();
  await stage.run(1500);
  const isRedirected = viewer.events.some(({ kind }) => kind === "redirect");
  return isRedirected ? "redirect" : viewer.frames.length > 0 ? "frames" : "nothing";
}

function playedElsewhere(before: string, after: string, seen: LiveRow["seen"], directives = ""): LiveRow {
  return {
    ...origin(before, after),
    async begin(stage) {
      await otherOrigin(stage, directives);
      return () => playElsewhere(stage);
    },
    seen,
  };
}

/** The beginning of what the server last sent to another one. */
function lastSaid(stage: Stage): string {
  return stage.server.host.dialled.at(-1)?.sentText ?? "";
}

/** Rows of origins. */
const originRows: LiveRows = {
  "vhost.cluster.origin_cluster": playedElsewhere("origin_cluster off;", "origin_cluster on;", ["nothing", "frames"]),
  "vhost.cluster.coworkers": playedElsewhere("coworkers 10.0.0.9:1985;", "coworkers 10.0.0.2:1985;", [
    "nothing",
    "frames",
  ]),
  "vhost.cluster.redirect": playedElsewhere("redirect auto;", "redirect always;", ["frames", "redirect"]),
  "vhost.cluster.coworker_token": playedElsewhere(
    "coworker_token wrong-token-000;",
    "coworker_token right-token-000;",
    ["nothing", "frames"],
    "coworker_token right-token-000;",
  ),
  "vhost.cluster.coworker_proof": {
    ...origin("coworker_token t0123456789; coworker_proof token;", "coworker_token t0123456789; coworker_proof hmac;"),
    async begin(stage) {
      await otherOrigin(stage, "coworker_token t0123456789;");
      return async () => {
        await playElsewhere(stage);
        const said = stage.server.host.dialled.map(({ sentText }) => sentText)
          .filter((text) => text.includes("/api/v1/clusters")).join();
        return ["t0123456789", "x-coworker-proof"].map((word) => said.includes(word));
      };
    },
    seen: [[true, false], [false, true]],
  },
  "vhost.cluster.owner_timeout": {
    ...origin("owner_timeout 10000;", "owner_timeout 2000;"),
    async begin(stage) {
      await otherOrigin(stage);
      const player = await stage.play("none");
      const viewer = await MemoryHttp.get(stage.host(), "10.0.0.1:8080", "/live/none.flv");
      await stage.run(500);
      return async () => {
        await stage.run(5000);
        return [player.ended !== "", viewer.status];
      };
    },
    seen: [[false, 0], [true, 404]],
  },
  "vhost.cluster.coworker_timeout": {
    ...origin("coworker_timeout 10000;", "coworker_timeout 1000;"),
    begin(stage) {
      stage.network.hang("10.0.0.2");
      return async () => {
        const publisher = await stage.publish();
        return await stage.until(() => publisher.isReady) > 5000;
      };
    },
    seen: [true, false],
  },
};

/** An edge whose origin is at 10.0.0.2. */
function edge(before: string, after: string): Pick<LiveRow, "before" | "after"> {
  const file = (directives: string) =>
    `mode remote; ${/\borigin /.test(directives) ? "" : "origin 10.0.0.2:1935;"} ${directives}`;
  return inVhost("cluster", file(before), file(after));
}

/** Origins at 10.0.0.2 and 10.0.0.3 with the stream, and a player of the edge. */
async function playAtEdge(stage: Stage) {
  const origins = [2, 3].map((number) => stage.serve(number, { vhosts: "vhost b.com { } vhost c.com { }" }));
  for (const at of [2, 3]) await stage.publish("s", { at });
  const viewer = await stage.play();
  await stage.run(1000);
  /** Has the edge pull once more. */
  const repull = async () => {
    for (const { server } of origins) {
      for (const { type, kick } of [...server.registry.clients()]) if (type === "rtmp-play") kick();
    }
    await stage.run(2000);
  };
  return { viewer, repull };
}

function pulledAgain(before: string, after: string, see: (stage: Stage) => unknown, seen: LiveRow["seen"]): LiveRow {
  return {
    ...edge(before, after),
    async begin(stage) {
      const { viewer, repull } = await playAtEdge(stage);
      return async () => {
        await repull();
        return [await see(stage), viewer.ended];
      };
    },
    seen: [[seen[0], ""], [seen[1], ""]],
  };
}

const pull = (stage: Stage) => stage.server.server.pulls.states()[0];

/** Why a pull fails of a stream that a server has not, or not in time. */
function failure(before: string, after: string, seen: LiveRow["seen"], prepare: (stage: Stage) => unknown): LiveRow {
  return {
    ...edge(before, after),
    async begin(stage) {
      await prepare(stage);
      const viewer = await stage.play();
      return async () => {
        await stage.run(9000);
        viewer[Symbol.dispose]();
        return stage.server.log.lines.findLast((line) => / within \d+ ms|for \d+ ms/.test(line))?.match(/\d+ ms/)?.[0];
      };
    },
    seen,
  };
}

/** To a server that does not know this one as its own kind: it says nothing while it has no stream. */
const overHttp = "protocol flv; debug_srs_upnode off; origin 10.0.0.2:8080;";

/** Rows of edges. */
const edgeRows: LiveRows = {
  "vhost.cluster.origin": pulledAgain(
    "origin 10.0.0.2:1935;",
    "origin 10.0.0.3:1935;",
    (stage) => pull(stage)?.upstream,
    ["10.0.0.2:1935", "10.0.0.3:1935"],
  ),
  "vhost.cluster.vhost": pulledAgain(
    "vhost b.com;",
    "vhost c.com;",
    (stage) => /rtmp:\/\/([\w.]+)/.exec(lastSaid(stage))?.[1],
    ["b.com", "c.com"],
  ),
  "vhost.cluster.debug_srs_upnode": pulledAgain(
    "debug_srs_upnode on;",
    "debug_srs_upnode off;",
    (stage) => lastSaid(stage).includes("srs_server"),
    [true, false],
  ),
  "vhost.cluster.protocol": pulledAgain(
    "origin 10.0.0.2:1935; protocol rtmp;",
    "origin 10.0.0.2:8080; protocol flv;",
    (stage) => lastSaid(stage).startsWith("GET /live/s.flv"),
    [false, true],
  ),
  "vhost.cluster.follow_client": {
    ...edge("origin 10.0.0.2:1935; follow_client off;", "origin 10.0.0.2:8080; follow_client on;"),
    async begin(stage) {
      const { viewer, repull } = await playAtEdge(stage);
      await MemoryHttp.get(stage.host(), "10.0.0.1:8080", "/live/s.flv");
      await stage.run(500);
      viewer[Symbol.dispose]();
      return async () => {
        await repull();
        return lastSaid(stage).startsWith("GET /live/s.flv");
      };
    },
    seen: [false, true],
  },
  "vhost.cluster.token_traverse": {
    ...edge("token_traverse off;", "token_traverse on;"),
    async begin(stage) {
      await playAtEdge(stage);
      return async () => {
        const before = stage.server.host.dialled.length;
        await stage.play();
        return stage.server.host.dialled.length - before;
      };
    },
    // The stream is here: only the question goes to the origin.
    seen: [0, 1],
  },
  "vhost.cluster.linger": {
    ...edge("linger 10000;", "linger 1000;"),
    async begin(stage) {
      const { viewer } = await playAtEdge(stage);
      viewer[Symbol.dispose]();
      await stage.run(500);
      return async () => {
        await stage.run(5000);
        return pull(stage) === undefined;
      };
    },
    seen: [false, true],
  },
  "vhost.cluster.idle_timeout": {
    ...edge("idle_timeout 5000;", "idle_timeout 1000;"),
    async begin(stage) {
      stage.serve(2, {});
      const publisher = await stage.publish("s", { at: 2 });
      await stage.play();
      await stage.run(1000);
      return async () => {
        publisher.fallSilent();
        // The pull that runs notices.
        return await stage.until(() => pull(stage)?.isFed === false) > 3000;
      };
    },
    seen: [true, false],
  },
  "vhost.cluster.connect_timeout": failure(
    "connect_timeout 3000;",
    "connect_timeout 1000;",
    ["3000 ms", "1000 ms"],
    ({ network }) => network.hang("10.0.0.2"),
  ),
  "vhost.cluster.handshake_timeout": failure(
    "handshake_timeout 3000;",
    "handshake_timeout 1000;",
    ["3000 ms", "1000 ms"],
    ({ network }) => void network.host("10.0.0.2").listen({ host: "", port: 1935 }),
  ),
  "vhost.cluster.first_media_timeout": failure(
    `${overHttp} first_media_timeout 4000;`,
    `${overHttp} first_media_timeout 1000;`,
    ["4000 ms", "1000 ms"],
    (stage) => void stage.serve(2, { vhost: "cluster { origin_cluster on; owner_timeout 20000; }" }),
  ),
};

export const clusterRows: LiveRows = { ...originRows, ...edgeRows };

/** The answer of the API to a coworker's question. */
export async function askOwner(stage: Stage): Promise<string> {
  const query = "vhost=__defaultVhost__&app=live&stream=s&ip=10.0.0.1&coworker=10.0.0.1:1985";
  const answer = await MemoryHttp.get(stage.host(), "10.0.0.1:1985", `/api/v1/clusters?${query}`);
  await stage.run(500);
  return answer.text;
}
