import type { Timers } from "../../base/clock.ts";
import { SrsError, UpstreamError } from "../../base/errors.ts";
import type { Fetch } from "../../base/world.ts";
import { SERVER_NAME } from "../identity.ts";

/** What a hook answered. */
export interface HookReply {
  readonly status: number;
  readonly body: string;
}

/** How hooks are reached. */
export interface HookRequestOptions {
  readonly fetch: Fetch;
  readonly timers: Timers;
  /** From the call to the last byte of the answer. */
  readonly timeoutMs: number;
  /** Ends the call. */
  readonly signal: AbortSignal;
}

const MAX_ANSWER_BYTES = 64 * 1024;

/**
 * Posts to a hook. Redirects are not followed: the answer is the hook's own, whatever it is.
 *
 * @throws {UpstreamError} No complete answer within the limits of time and size.
 */
export function postHook(url: string, payload: object, options: HookRequestOptions): Promise<HookReply> {
  return callHook(url, options, (signal) => post(options.fetch, url, payload, signal));
}

/** Asks for an address, and reads no more than so much of the answer. @throws {UpstreamError} */
export function getHook(url: string, options: HookRequestOptions, maxBytes: number): Promise<void> {
  return callHook(url, options, async (signal) => {
    const response = await options.fetch(url, { headers: { "user-agent": SERVER_NAME }, redirect: "manual", signal });
    let left = maxBytes;
    for await (const part of response.body ?? []) if ((left -= part.length) <= 0) break;
  });
}

async function callHook<T>(
  url: string,
  { timers, timeoutMs, signal }: HookRequestOptions,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  // `fetch` knows more schemes, which do not lead to a server.
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) {
    throw new UpstreamError("StConnect", "not an http:// or https:// address");
  }
  const giveUp = new AbortController();
  const stop = () => giveUp.abort();
  const { promise: outOfTime, reject } = Promise.withResolvers<never>();
  const timer = timers.after(timeoutMs, () => {
    reject(new UpstreamError("SocketTimeout", `no complete answer within ${timeoutMs} ms`));
    stop();
  });
  signal.addEventListener("abort", stop);
  try {
    signal.throwIfAborted();
    return await Promise.race([outOfTime, call(giveUp.signal)]);
  } catch (error) {
    if (error instanceof SrsError) throw error;
    throw new UpstreamError("StConnect", describeFailure(error), { cause: error });
  } finally {
    timer.cancel();
    signal.removeEventListener("abort", stop);
    // Of an answer that is too long, or comes too late, nothing more is to be read.
    stop();
  }
}

/** An address as it may stand in a log: without user, password and parameters, which may be secrets. */
export function shownUrl(url: string): string {
  return url.replace(/[?#].*$/s, "").replace(/^([a-z]+:\/\/)[^/]*@/i, "$1");
}

async function post(fetch: Fetch, url: string, payload: object, signal: AbortSignal): Promise<HookReply> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", "user-agent": SERVER_NAME },
    body: JSON.stringify(payload),
    redirect: "manual",
    signal,
  });
  return { status: response.status, body: await readBody(response) };
}

async function readBody(response: Response): Promise<string> {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let bytes = 0;
  let text = "";
  for await (const part of response.body ?? []) {
    bytes += part.length;
    if (bytes > MAX_ANSWER_BYTES) {
      throw new UpstreamError("HttpResponseData", `the answer is longer than ${MAX_ANSWER_BYTES} bytes`);
    }
    text += decoder.decode(part, { stream: true });
  }
  return text + decoder.decode();
}

/** Why `fetch` failed; without the address, parts of which may be secrets. */
function describeFailure(error: unknown): string {
  // Deno 2.9 tells the reason in the cause, 2.4 in the message itself.
  const { message } = error instanceof Error && error.cause instanceof Error ? error.cause : error as Error;
  return message.replace(/ for url \(.*\)(?=: )/s, "").replace(/https?:\/\/\S*/gi, "").slice(0, 300);
}
