import type { TimerHandle, Timers, WallClock } from "../../base/clock.ts";
import type { Span } from "../../base/trace.ts";
import { describeError, UpstreamError } from "../../base/errors.ts";
import type { Fetch } from "../../base/world.ts";
import { proofHeaders, type ProofKind } from "../coworker_proof.ts";
import { readOffer, type SegmentOffer } from "../../stream/segment_offer.ts";
import { readKnownCountMember } from "../../stream/publish_facts.ts";
import type { Owner, ServerAddress } from "../directory.ts";

/** Which stream is looked for, and whom to ask. */
export interface OwnerQuery {
  /** HTTP APIs of the other origins, `host:port`. */
  coworkers: readonly string[];
  /** Budget of one round of questions. */
  timeoutMs: number;
  key: string;
  vhost: string;
  app: string;
  stream: string;
  /** Host that the player used. */
  ip: string;
  /** Secret that the coworkers want to see (`coworker_token`, an extension); by default none. */
  token?: string;
  /** How that is shown; by default as it is. */
  proof?: ProofKind;
  /** Of what the question is a part, if that is traced. */
  trace?: Span | null;
  /** Whether anybody waits for the answer still; by default somebody does. */
  isWanted?: () => boolean;
  /** Networks of the clients that wait for the answer, or some of them: by these, places are shared; by default none. */
  from?: readonly string[];
  /** A coworker that lacks the stream is to wait so long for it before it answers (an extension); by default not at all. */
  waitMs?: number;
}

/** One coworker's part of a question: what it said, how fast. */
export interface CoworkerAnswer {
  coworker: string;
  latencyMs: number;
  owner: Owner | null;
  /** Why there is no usable answer; null when it answered. */
  error: string | null;
  /** It rejected the request: it wants a password or another token. */
  isRefused: boolean;
  /** Instance that answered, for servers that tell (SRS does not). */
  instance: string | null;
}

/** A coworker rejects this server: its API has a password, or it does not take this server for a member of its cluster. */
export class CoworkerRefusal extends UpstreamError {
  constructor(status: 401 | 403) {
    super("OriginClusterDiscover", `rejected our request (HTTP ${status})`);
  }
}

/** The wait for an answer is made of so many parts; those during which this server itself was busy do not count. */
const WAIT_PARTS = 10;
/** However busy it is, the wait takes no longer than so many times as it should. */
const MAX_STRETCH = 4;
const MAX_ANSWER_BYTES = 64 * 1024;

/** Address of the question, in SRS's form. */
export function clustersUrl(
  coworker: string,
  { vhost, ip, app, stream, waitMs = 0 }: Omit<OwnerQuery, "coworkers" | "key">,
): string {
  const wait = waitMs > 0 ? { wait_ms: String(waitMs) } : {};
  const parameters = Object.entries({ vhost, ip, app, stream, coworker, ...wait });
  return `http://${coworker}/api/v1/clusters?${
    parameters.map(([name, value]) => `${name}=${encode(value)}`).join("&")
  }`;
}

/**
 * Asks one coworker and tells everything about the answer; never throws.
 *
 * The request is SRS's. SRS neither encodes nor decodes values: what may stand in a query stays as it is (the colon of an
 * address must), the rest is encoded, so that a name cannot forge a parameter.
 */
export async function askCoworker(
  fetch: Fetch,
  timers: Timers & WallClock,
  coworker: string,
  query: Omit<OwnerQuery, "coworkers" | "key">,
): Promise<CoworkerAnswer> {
  const startedMs = timers.nowMs();
  const done = (told: Pick<CoworkerAnswer, "owner" | "error" | "isRefused" | "instance">): CoworkerAnswer => ({
    coworker,
    latencyMs: Math.round(timers.nowMs() - startedMs),
    ...told,
  });
  const { promise: outOfTime, reject } = Promise.withResolvers<never>();
  const giveUp = new AbortController();
  const timeoutMs = query.timeoutMs + (query.waitMs ?? 0);
  const partMs = timeoutMs / WAIT_PARTS;
  let timer: TimerHandle;
  const wait = (parts: number) => {
    const dueMs = timers.nowMs() + partMs;
    timer = timers.after(partMs, () => {
      const nowMs = timers.nowMs();
      // A timer that comes late was held up by this server's own work: the answer may have come long ago.
      const left = nowMs - dueMs > partMs ? parts : parts - 1;
      if (left > 0 && nowMs - startedMs < MAX_STRETCH * timeoutMs) return wait(left);
      reject(new UpstreamError("OriginClusterDiscover", `no answer within ${timeoutMs} ms`));
      giveUp.abort();
    });
  };
  wait(WAIT_PARTS);
  const url = clustersUrl(coworker, query);
  const put = () => ask(fetch, url, coworker, { ...query, wallMs: timers.wallMs(), signal: giveUp.signal });
  try {
    const { owner, instance } = await Promise.race([
      outOfTime,
      query.trace?.run(put) ?? put(),
    ]);
    return done({ owner, error: null, isRefused: false, instance });
  } catch (error) {
    const text = error instanceof UpstreamError ? error.message : describeError(error);
    return done({ owner: null, error: text, isRefused: error instanceof CoworkerRefusal, instance: null });
  } finally {
    timer!.cancel();
  }
}

/** Puts the question of that address. Throws what `fetch` throws, or `UpstreamError`. */
export async function ask(
  fetch: Fetch,
  url: string,
  coworker: string,
  { token = "", proof = "token", wallMs, signal }: Pick<OwnerQuery, "token" | "proof"> & {
    wallMs: number;
    signal: AbortSignal;
  },
): Promise<ReadAnswer> {
  const method = "POST";
  const proven = await proofHeaders(token, { method, url }, { kind: proof, wallMs });
  const headers = { "content-type": "application/json", ...proven };
  const response = await fetch(url, { method, headers, redirect: "error", signal });
  return readAnswer(await readBody(response), response.status, coworker);
}

function encode(value: string): string {
  return value.replace(/[^\w.~:/@,;!$()*[\]-]/gu, encodeURIComponent);
}

/** The body, up to a bound: a coworker is another program and may be broken. */
export async function readBody(response: Response, maxLength = MAX_ANSWER_BYTES): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const part of response.body ?? []) {
    text += decoder.decode(part, { stream: true });
    if (text.length > maxLength) {
      throw new UpstreamError("OriginClusterDiscover", `answer longer than ${maxLength} characters`);
    }
  }
  return text;
}

/** What an answer tells. */
export interface ReadAnswer {
  owner: Owner | null;
  /** Where it takes the clients of a server that stops, if that was asked and it does. */
  standIn: ServerAddress | null;
  /** Where it has segments of the stream, if that was asked and it has. */
  segments: SegmentOffer | null;
  /** How many discontinuities of the stream it knows of, if that was asked and it does. */
  discontinuities: number | null;
  /** The part of the stream's recording that it makes. */
  recording: { epoch: number; part: number } | null;
  instance: string | null;
}

function readAnswer(body: string, status: number, coworker: string): ReadAnswer {
  if (status === 401 || status === 403) throw new CoworkerRefusal(status);
  if (status !== 200 && status !== 201) throw new UpstreamError("OriginClusterDiscover", `HTTP status ${status}`);
  const answer = parseObject(body);
  const data = asRecord(answer?.data);
  if (answer === null || answer.code !== 0 || data === null) {
    throw new UpstreamError("OriginClusterDiscover", `unexpected answer: ${body.slice(0, 100)}`);
  }
  const instance = typeof data.instance === "string" ? data.instance : null;
  const offer = asRecord(data.stand_in);
  const standIn = offer === null ? null : readAddress(offer, body);
  const segments = readOffer(asRecord(data.segments) ?? {});
  const discontinuities = readKnownCountMember(asRecord(data.segments) ?? {});
  const recording = readRecording(asRecord(data.recording) ?? {});
  const offered = { standIn, segments, discontinuities, recording, instance };
  const origin = asRecord(data.origin);
  if (origin === null) return { owner: null, ...offered };
  const { silent_ms: silent, since_ms: since, epoch, http, https } = origin;
  const silentMs = typeof silent === "number" && silent > 0 ? silent : 0;
  const owner: Owner = { ...readAddress(origin, body), coworker, silentMs, isDraining: origin.draining === true };
  if (Number.isSafeInteger(since) && Number(since) > 0) owner.sinceMs = Number(since);
  if (Number.isSafeInteger(epoch) && Number(epoch) > 0) owner.epoch = Number(epoch);
  if (instance !== null) owner.instance = instance;
  if (isHostPort(http)) owner.http = http;
  if (isHostPort(https)) owner.https = https;
  return { owner, ...offered };
}

function readRecording({ epoch, part }: Record<string, unknown>): ReadAnswer["recording"] {
  const [first, number] = [Number(epoch), Number(part)];
  const isCount = (value: number) => Number.isSafeInteger(value) && value > 0;
  return isCount(first) && isCount(number) ? { epoch: first, part: number } : null;
}

function isHostPort(value: unknown): value is string {
  return typeof value === "string" && /^(?:\[[\da-f:.]{2,45}\]|[\w.-]{1,255}):\d{1,5}$/i.test(value);
}

function readAddress({ ip, port }: Record<string, unknown>, body: string): ServerAddress {
  const usable = typeof ip === "string" && /^[\w.:-]{1,255}$/.test(ip) && Number.isInteger(port) &&
    Number(port) > 0 && Number(port) < 65536;
  if (usable) return { ip, port: Number(port) };
  throw new UpstreamError(
    "OriginClusterDiscover",
    `answer names an owner without a valid ip and port: ${body.slice(0, 200)}`,
  );
}

function parseObject(body: string): Record<string, unknown> | null {
  try {
    return asRecord(JSON.parse(body));
  } catch {
    throw new UpstreamError("OriginClusterDiscover", `answer is not JSON: ${body.slice(0, 100)}`);
  }
}

function asRecord(value: unknown): Record<string, unknown> | null {
  return typeof value === "object" && value !== null ? value as Record<string, unknown> : null;
}
