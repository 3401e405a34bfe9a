import type { TimerHandle } from "../../base/clock.ts";
import { UpstreamError } from "../../base/errors.ts";
import type { World } from "../../base/world.ts";
import { formatHost } from "../../rtmp/url.ts";
import { proofHeaders } from "../coworker_proof.ts";
import { readBody } from "../mesh/coworker_question.ts";
import type { CoworkerApi } from "./coworker_apis.ts";
import { countOf, NODE_PATH, type NodeFacts, plainText, readNode, recordOf } from "./node_facts.ts";
import { failedRequest, noAnswer, notAnApi, type Trouble, wrongStatus } from "./trouble.ts";

/** The world as a question needs it. */
export type QuestionWorld = Pick<World, "fetch" | "nowMs" | "wallMs" | "after">;

/** A coworker that another server lists. */
export interface ListedCoworker {
  readonly address: string;
  /** Who answers there; empty while nobody does. */
  readonly instance: string;
}

/** A server that pulls from a coworker. */
export interface HeardNode {
  readonly facts: NodeFacts;
  /** How long ago it said so, ms; 0 where that is not told. */
  readonly agoMs: number;
}

/** What a coworker says of itself. */
export interface NodeAnswer {
  readonly facts: NodeFacts;
  /** An SRS, or a server of ours of before the question: it tells little. */
  readonly isForeign: boolean;
  /** How far its clock is ahead of ours; null where it does not tell the time. */
  readonly skewMs: number | null;
  /** That may be wrong by so much: half the way there and back. */
  readonly skewErrorMs: number;
  /** Its own coworkers. */
  readonly listed: readonly ListedCoworker[];
  /** Servers that pull from it; null where it was not asked for them. */
  readonly downstream: readonly HeardNode[] | null;
}

/** There is no usable answer. */
export interface NodeFailure {
  readonly trouble: Trouble;
  /**
   * - `silent`: it may only be slow, or was interrupted;
   * - `garbled`: it may speak something else than HTTP;
   * - `refused`: nothing listens there now;
   * - `clear`: it says so itself, and will again.
   */
  readonly kind: "silent" | "garbled" | "refused" | "clear";
}

/** Options of {@link askNode}. */
export interface NodeQuestionOptions {
  /** This server, by which the coworker knows who lists it. */
  readonly instance: string;
  /** It is known to be an SRS. */
  readonly isForeign: boolean;
  /** Whether to ask who pulls from it, too. */
  readonly withDownstream: boolean;
  readonly timeoutMs: number;
  /** This server ends. */
  readonly signal: AbortSignal;
}

const VERSIONS = "/api/v1/versions";
/** No more coworkers of another server are looked at, nor servers that pull from it. */
const MAX_LISTED = 200;
const OURS = "srs-ts/";
/** The wait is made of so many parts; those during which this server itself was busy do not count, within bounds. */
const WAIT_PARTS = 4;
const MAX_STRETCH = 3;

/** Asks one server who it is: `/api/v1/node`, or of an SRS the version. Never rejects. */
export async function askNode(
  world: QuestionWorld,
  coworker: CoworkerApi,
  options: NodeQuestionOptions,
): Promise<NodeAnswer | NodeFailure> {
  const giveUp = new AbortController();
  const { promise: outOfTime, resolve } = Promise.withResolvers<NodeFailure>();
  const onOver = () => {
    resolve({ kind: "silent", trouble: noAnswer(options.timeoutMs) });
    giveUp.abort();
  };
  const patience = waitPatiently(world, options.timeoutMs, onOver);
  options.signal.addEventListener("abort", onOver, { once: true });
  if (options.signal.aborted) onOver();
  try {
    return await Promise.race([outOfTime, ask(world, coworker, options, giveUp.signal)]);
  } catch (error) {
    // More than makes sense came.
    if (error instanceof UpstreamError) return { kind: "clear", trouble: notAnApi(false) };
    const texts = textsOf(error);
    const trouble = failedRequest(texts);
    return { kind: trouble.kind === "refused" ? "refused" : "garbled", trouble };
  } finally {
    patience.cancel();
    options.signal.removeEventListener("abort", onOver);
  }
}

async function ask(
  world: QuestionWorld,
  coworker: CoworkerApi,
  { instance, isForeign, withDownstream }: NodeQuestionOptions,
  signal: AbortSignal,
): Promise<NodeAnswer | NodeFailure> {
  const base = `http://${formatHost(coworker.host)}:${coworker.port}`;
  if (isForeign) return await askVersion(world, base, coworker, signal);
  const sentMs = world.wallMs();
  const beganMs = world.nowMs();
  const { response, body } = await get(
    world,
    `${base}${NODE_PATH}?from=${instance}${withDownstream ? "&downstream=1" : ""}`,
    coworker,
    signal,
  );
  const tripMs = world.nowMs() - beganMs;
  if (response.status === 404) return await askVersion(world, base, coworker, signal);
  const isOurs = isOfOurKind(response.headers);
  if (response.status !== 200) {
    return { kind: "clear", trouble: wrongStatus(response.status, coworker.token !== "", isOurs) };
  }
  const data = recordOf(recordOf(parse(body)).data);
  const facts = readNode(data);
  if (facts === null) return { kind: "clear", trouble: notAnApi(isOurs) };
  const theirMs = data.now_ms;
  const skewMs = typeof theirMs === "number" && Number.isFinite(theirMs) ? theirMs - (sentMs + tripMs / 2) : null;
  return {
    facts,
    isForeign: false,
    skewMs,
    skewErrorMs: tripMs / 2,
    listed: readListed(data.coworkers),
    downstream: Array.isArray(data.downstream) ? readDownstream(data.downstream) : null,
  };
}

/** Source: SRS 7 `SrsGoApiVersion::serve_http`. */
async function askVersion(
  world: QuestionWorld,
  base: string,
  coworker: CoworkerApi,
  signal: AbortSignal,
): Promise<NodeAnswer | NodeFailure> {
  const { response, body } = await get(world, `${base}${VERSIONS}`, coworker, signal);
  const isOurs = isOfOurKind(response.headers);
  if (response.status === 404) return { kind: "clear", trouble: notAnApi(isOurs) };
  if (response.status !== 200) {
    return { kind: "clear", trouble: wrongStatus(response.status, coworker.token !== "", isOurs) };
  }
  const answer = recordOf(parse(body));
  const version = plainText(recordOf(answer.data).version, 32);
  // Our `http_server` answers this, too, and nothing else of the API.
  if (version === "" || answer.code !== 0 || isOurs) return { kind: "clear", trouble: notAnApi(isOurs) };
  const facts = readNode({ instance: answer.service ?? answer.server, server: answer.server });
  if (facts === null) return { kind: "clear", trouble: notAnApi(false) };
  return {
    facts: { ...facts, role: "origin", software: `SRS/${version}`, startedMs: null },
    isForeign: true,
    skewMs: null,
    skewErrorMs: 0,
    listed: [],
    downstream: null,
  };
}

async function get(
  world: QuestionWorld,
  url: string,
  { token, proof }: CoworkerApi,
  signal: AbortSignal,
): Promise<{ response: Response; body: string }> {
  const headers = await proofHeaders(token, { method: "GET", url }, { kind: proof, wallMs: world.wallMs() });
  const response = await world.fetch(url, { method: "GET", headers, redirect: "manual", signal });
  return { response, body: await readBody(response) };
}

function isOfOurKind(headers: Headers): boolean {
  return headers.get("server")?.startsWith(OURS) === true ||
    headers.get("www-authenticate")?.includes('realm="srs-ts"') === true;
}

function readListed(value: unknown): ListedCoworker[] {
  if (!Array.isArray(value)) return [];
  return value.slice(0, MAX_LISTED).map(recordOf).map(({ address, instance }) => ({
    address: plainText(address, 300),
    instance: plainText(instance, 64),
  }));
}

function readDownstream(list: readonly unknown[]): HeardNode[] {
  return list.slice(0, MAX_LISTED).flatMap((said) => {
    const facts = readNode(said);
    return facts === null ? [] : [{ facts, agoMs: countOf(recordOf(said).ago_ms) }];
  });
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}

/** What an error says, and what it hides in its causes. */
function textsOf(error: unknown): string {
  const texts: string[] = [];
  for (let each: unknown = error; each instanceof Error && texts.length < 5; each = each.cause) {
    texts.push(`${each.name} ${each.message}`);
  }
  // Words of the address are none of the error.
  return texts.join(" ").replace(/\(https?:[^)]*\)/g, "");
}

/** A timer that comes late was held up by this server's own work: the answer may have come long ago. */
function waitPatiently(world: QuestionWorld, timeoutMs: number, onOver: () => void): TimerHandle {
  const partMs = timeoutMs / WAIT_PARTS;
  const startedMs = world.nowMs();
  const wait = (parts: number): TimerHandle => {
    const dueMs = world.nowMs() + partMs;
    return world.after(partMs, () => {
      const nowMs = world.nowMs();
      const left = nowMs - dueMs > partMs ? parts : parts - 1;
      if (left > 0 && nowMs - startedMs < MAX_STRETCH * timeoutMs) timer = wait(left);
      else onOver();
    });
  };
  let timer = wait(WAIT_PARTS);
  return { cancel: () => timer.cancel() };
}
