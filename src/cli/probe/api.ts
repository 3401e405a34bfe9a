import type { Timers, WallClock } from "../../base/clock.ts";
import type { Fetch } from "../../base/world.ts";
import { askCoworker } from "../../cluster/mesh/coworker_question.ts";
import { recordOf } from "../../cluster/health/node_facts.ts";
import { formatHost, type StreamUrl } from "../../rtmp/url.ts";
import { authorization } from "../api_address.ts";
import type { ApiReport } from "./report.ts";

/** Options of {@link askApis}. */
export interface AskApisOptions {
  /** HTTP APIs, `host:port`. */
  apis: readonly string[];
  /** `name:password` for those; null without. */
  credentials: string | null;
  timeoutMs: number;
  timers: Timers & WallClock;
  fetch: Fetch;
}

/** Asks all APIs at once who has the stream, as origins ask each other, and where it is pulled from. Never throws. */
export async function askApis(stream: StreamUrl, options: AskApisOptions): Promise<ApiReport[]> {
  return await Promise.all(options.apis.map((api) => askApi(stream, api, options)));
}

/** The same reports with what is pulled by now: a probe makes an edge pull. Never throws. */
export async function askPullsAgain(
  { app, stream }: StreamUrl,
  reports: readonly ApiReport[],
  { fetch, credentials, timeoutMs }: AskApisOptions,
): Promise<ApiReport[]> {
  const authorized: Fetch = (url, init) => fetch(url, { ...init, headers: authorization(credentials) });
  return await Promise.all(reports.map(async (report) => {
    if (report.pid === null) return report;
    const pull = await askPull(authorized, report.api, `/${app}/${stream}`, timeoutMs);
    return { ...report, pulledFrom: pull?.upstream ?? report.pulledFrom };
  }));
}

async function askApi({ vhost, app, stream, host }: StreamUrl, api: string, options: AskApisOptions) {
  const { timeoutMs, timers, credentials } = options;
  let failure: string | null = null;
  const fetch: Fetch = async (url, init) => {
    try {
      return await options.fetch(url, { ...init, headers: { ...init.headers, ...authorization(credentials) } });
    } catch (error) {
      failure = explainFetch(error);
      throw error;
    }
  };
  const query = { vhost, app, stream, ip: host, timeoutMs };
  const { latencyMs, owner, error, isRefused } = await askCoworker(fetch, timers, api, query);
  const ownerText = owner === null ? null : `${formatHost(owner.ip)}:${owner.port}`;
  const epoch = owner?.epoch ?? null;
  const pull = error === null ? await askPull(fetch, api, `/${app}/${stream}`, timeoutMs) : null;
  const refusal = credentials === null ? "asks for a password: give it with --user NAME:PASSWORD" : "refuses --user";
  return {
    api,
    latencyMs,
    owner: ownerText,
    pulledFrom: pull?.upstream ?? null,
    epoch,
    pid: pull?.pid ?? null,
    error: error === null ? null : isRefused ? refusal : failure ?? error,
  };
}

/** Asks a server of our kind who it is, and where it pulls the stream from, if it does. Null for all others. */
async function askPull(fetch: Fetch, api: string, path: string, timeoutMs: number) {
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    const response = await fetch(`http://${api}/api/v1/edges`, {
      method: "GET",
      headers: {},
      redirect: "error",
      signal,
    });
    const answer = recordOf(await response.json());
    const { pulls } = recordOf(answer.data);
    const found = (Array.isArray(pulls) ? pulls.map(recordOf) : [])
      .find(({ url }) => typeof url === "string" && url.endsWith(path));
    const { upstream } = found ?? {};
    const pid = Number(answer.pid);
    return {
      pid: Number.isSafeInteger(pid) && pid > 0 ? pid : null,
      upstream: typeof upstream === "string" && upstream !== "" ? upstream : null,
    };
  } catch {
    // An SRS has no such list: what it said of the stream is all there is.
    return null;
  }
}

/** What a failed `fetch` hides in its text, or on newer Deno in its cause; null if the text of others will do. */
function explainFetch(error: unknown): string | null {
  if (!(error instanceof TypeError)) return null;
  const text = error.cause instanceof Error ? error.cause.message : error.message;
  if (/connection refused/i.test(text)) return "connection refused, nothing listens there";
  if (/lookup|dns/i.test(text)) return "unknown host name";
  if (/SendRequest/.test(text)) return "no HTTP server listens there";
  return text;
}
