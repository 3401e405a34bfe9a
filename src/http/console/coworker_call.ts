import { describeError } from "../../base/errors.ts";
import { proofHeaders, type ProofKind } from "../../cluster/coworker_proof.ts";
import { ask, clustersUrl, CoworkerRefusal, readBody } from "../../cluster/mesh/coworker_question.ts";
import { formatHost } from "../../rtmp/url.ts";
import { type Action, actionAt } from "../access/coworker_calls.ts";
import type { ApiServer } from "../api/route.ts";
import { refusal } from "../envelope.ts";

interface Coworker {
  /** Host and port of its API. */
  readonly address: string;
  /** By which they belong together; empty if there is none. */
  readonly token: string;
  readonly proof: ProofKind;
  /** A vhost of this server that lists it. */
  readonly vhost: string;
}

/** What is needed of this server. */
type CallingServer = Pick<ApiServer, "config" | "world"> & {
  readonly health: { readonly watch: Pick<ApiServer["health"]["watch"], "all"> };
};

/** Sooner than the page gives up, so that it can tell why. */
const TIMEOUT_MS = 4000;
/** Fifty rows with names as long as peers may choose them. */
const MAX_ANSWER_LENGTH = 2 << 20;

/**
 * Makes a call at the API of a coworker, with this server's token, and gives the answer.
 *
 * Only what the configuration names, or its DNS names stand for, can be called: no address comes from the request.
 *
 * @param name The coworker, as the list of members has its address.
 */
export async function callCoworker(server: CallingServer, name: string, action: Action): Promise<Response> {
  const coworker = findCoworker(server, name);
  if (coworker === undefined) return refusal(404, "not a coworker of this server: list it in cluster.coworkers");
  const { token, proof } = coworker;
  const giveUp = new AbortController();
  const timer = server.world.after(TIMEOUT_MS, () => giveUp.abort(new Error(`no answer within ${TIMEOUT_MS} ms`)));
  try {
    const { world } = server;
    const { signal } = giveUp;
    const wallMs = world.wallMs();
    // What is proven is for the instance that answers there, and no other.
    const instance = proof === "token" || token === ""
      ? null
      : await instanceOf(coworker, (url, address) => ask(world.fetch, url, address, { token, proof, wallMs, signal }));
    const { method, path } = instance === null ? action : actionAt(action, instance);
    const url = `http://${coworker.address}${path}`;
    const headers = await proofHeaders(token, { method, url }, { kind: proof, wallMs });
    const answer = await world.fetch(url, { method, headers, redirect: "error", signal });
    const body = await readBody(answer, MAX_ANSWER_LENGTH);
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

async function instanceOf(
  { address, vhost }: Coworker,
  askAt: (url: string, address: string) => Promise<{ readonly instance: string | null }>,
): Promise<string | null> {
  const nothing = { vhost, ip: "", app: "", stream: "", timeoutMs: TIMEOUT_MS };
  return (await askAt(clustersUrl(address, nothing), address)).instance;
}

function findCoworker({ config: { vhosts }, health }: CallingServer, name: string): Coworker | undefined {
  for (const { name: vhost, cluster } of vhosts) {
    const found = cluster.coworkers.find(({ text }) => text === name);
    if (found === undefined) continue;
    const { coworkerToken: [token = ""], coworkerProof: proof } = cluster;
    return { address: `${formatHost(found.host)}:${found.port}`, token, proof, vhost };
  }
  const watched = health.watch.all().find(({ address: { text } }) => text === name);
  if (watched === undefined) return undefined;
  const { host, port, token, proof } = watched.address;
  const isOfToken = ({ cluster }: (typeof vhosts)[number]) =>
    cluster.originCluster && cluster.coworkerToken[0] === token;
  const vhost = vhosts.find(isOfToken)?.name ?? "";
  return { address: `${formatHost(host)}:${port}`, token, proof, vhost };
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
