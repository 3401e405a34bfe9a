import type { Timers } from "../../base/clock.ts";
import type { Fetch } from "../../base/world.ts";
import type { ClusterView } from "../../http/api/cluster_view.ts";
import { type ApiAddress, authorization } from "../api_address.ts";
import { describeFetchError } from "../fetch_error.ts";
import { readClusterView } from "./read_view.ts";

/** Which API to ask, and as whom. */
export interface StatusTarget extends ApiAddress {
  /** `name:password`; null for an API without a password. */
  readonly credentials: string | null;
}

/** What the API says, or why it could not be asked. */
export type StatusAnswer =
  | { readonly json: string; readonly view: ClusterView }
  | { readonly failure: string };

const PATH = "/api/v1/cluster";
const TIMEOUT_MS = 5000;
/** Some thousand servers. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

/** Asks a server for the state of its cluster. Never rejects. */
export async function askStatus(
  { base, shown, credentials, fetch, timers, stop }: StatusTarget & {
    readonly fetch: Fetch;
    readonly timers: Timers;
    readonly stop: AbortSignal;
  },
): Promise<StatusAnswer> {
  const giveUp = new AbortController();
  const onStop = () => giveUp.abort();
  let isLate = false;
  const timer = timers.after(TIMEOUT_MS, () => {
    isLate = true;
    onStop();
  });
  stop.addEventListener("abort", onStop, { once: true });
  if (stop.aborted) onStop();
  try {
    const headers = authorization(credentials);
    const response = await fetch(`${base}${PATH}`, {
      method: "GET",
      headers,
      redirect: "manual",
      signal: giveUp.signal,
    });
    const body = await readText(response);
    const why = body === null ? "answered more than makes sense" : refusalOf(response.status, credentials !== null);
    if (body === null || why !== null) return { failure: `${shown} ${why}` };
    const view = readClusterView(body);
    return view === null ? { failure: `${shown} ${NOT_OURS}` } : { json: JSON.stringify(JSON.parse(body)), view };
  } catch (error) {
    return { failure: `${shown}: ${isLate ? `no answer within ${TIMEOUT_MS / 1000} s` : describeFetchError(error)}` };
  } finally {
    timer.cancel();
    stop.removeEventListener("abort", onStop);
  }
}

const NOT_OURS = "answers, but has no state of a cluster: it is no srs-ts, or an older one";

function refusalOf(status: number, hasUser: boolean): string | null {
  if (status === 200) return null;
  if (status === 401) {
    return hasUser ? "refuses this name and password" : "asks for a password: give it with --user NAME:PASSWORD";
  }
  return status === 404 ? NOT_OURS : `answers with HTTP status ${status}`;
}

async function readText(response: Response): Promise<string | null> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const part of response.body ?? []) {
    text += decoder.decode(part, { stream: true });
    if (text.length > MAX_ANSWER_BYTES) return null;
  }
  return text;
}
