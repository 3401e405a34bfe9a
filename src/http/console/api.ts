import { describeError } from "../../base/errors.ts";
import type { Fetch } from "../../base/world.ts";
import { proofHeaders } from "../../cluster/coworker_proof.ts";
import { ask, clustersUrl, CoworkerRefusal, readBody } from "../../cluster/mesh/coworker_question.ts";
import type { Config } from "../../config/mod.ts";
import { formatHost } from "../../rtmp/url.ts";
import { type Action, actionAt, actionOf } from "../access/coworker_calls.ts";
import { envelope, refusal } from "../envelope.ts";
import type { ApiContext, Route } from "../api/route.ts";
import { describeNode } from "./node.ts";
import { stateRoute } from "./state.ts";

/** What the console needs besides the API of SRS. As the paths are below `/api/`, the API's password protects them. */
export const consoleRoutes: readonly Route[] = [
  {
    path: "/console/api/node",
    methods: ["GET"],
    effect: "reads",
    doc: "role, coworkers, address of HTTP-FLV",
    extension: true,
    handle: ({ server }) => envelope(server.identity, { data: describeNode(server.config) }),
  },
  stateRoute,
  {
    path: "/console/api/act",
    methods: ["POST"],
    // Even to kick: the coworker takes what comes from here for this server's own will.
    effect: "controls",
    doc: "?server=COWORKER&do=kick&id=CLIENT or &do=drain: passes a command on to the API of a coworker",
    extension: true,
    handle: (context, { query }) =>
      actAtCoworker(context, query.get("server"), actionOf(query.get("do"), query.get("id"))),
  },
];

interface Coworker {
  /** Host and port of its API. */
  readonly address: string;
  /** Its vhost on this server. */
  readonly vhost: Config["vhosts"][number];
}

const TIMEOUT_MS = 5000;

/** Only what the configuration names can be called: neither address nor path come from the request. */
async function actAtCoworker({ server }: ApiContext, name: string, action: Action | null): Promise<Response> {
  const coworker = findCoworker(server.config, name);
  if (coworker === undefined) return refusal(404, "not a coworker of this server: list it in cluster.coworkers");
  if (action === null) return refusal(400, "do must be drain, or kick with id=CLIENT");
  const { address, vhost } = coworker;
  const { coworkerToken: [token = ""], coworkerProof: proof } = vhost.cluster;
  const giveUp = new AbortController();
  const timer = server.world.after(TIMEOUT_MS, () => giveUp.abort(new Error(`no answer within ${TIMEOUT_MS} ms`)));
  try {
    const { fetch } = server.world;
    const how = { token, proof, wallMs: server.world.wallMs(), signal: giveUp.signal };
    const instance = proof === "token" || token === "" ? null : await instanceOf(fetch, coworker, how);
    const { method, path } = instance === null ? action : actionAt(action, instance);
    const url = `http://${address}${path}`;
    const headers = await proofHeaders(token, { method, url }, { kind: proof, wallMs: how.wallMs });
    const answer = await fetch(url, {
      method,
      headers,
      redirect: "error",
      signal: giveUp.signal,
    });
    const body = await readBody(answer);
    if (answer.status !== 200) return refusal(502, `${name} refused: ${reasonOf(answer.status, body)}`);
    return new Response(body, { headers: { "content-type": "application/json" } });
  } catch (error) {
    if (error instanceof CoworkerRefusal) {
      return refusal(502, `${name} ${error.message}: give both servers the same coworker_token`);
    }
    return refusal(502, `${name} did not answer: ${describeError(error)}`);
  } finally {
    timer.cancel();
  }
}

/** The instance that answers at a coworker's address: what is proven is for that one alone. */
async function instanceOf(
  fetch: Fetch,
  { address, vhost }: Coworker,
  how: Parameters<typeof ask>[3],
): Promise<string | null> {
  const nothing = { vhost: vhost.name, ip: "", app: "", stream: "", timeoutMs: TIMEOUT_MS };
  return (await ask(fetch, clustersUrl(address, nothing), address, how)).instance;
}

function findCoworker({ vhosts }: Config, name: string): Coworker | undefined {
  for (const vhost of vhosts) {
    const found = vhost.cluster.coworkers.find(({ text }) => text === name);
    if (found !== undefined) return { address: `${formatHost(found.host)}:${found.port}`, vhost };
  }
  return undefined;
}

function reasonOf(status: number, body: string): string {
  if (status === 401) return "its API has a password; give both servers the same coworker_token";
  try {
    const { message } = JSON.parse(body);
    return typeof message === "string" ? message : `HTTP status ${status}`;
  } catch {
    return `HTTP status ${status}`;
  }
}
