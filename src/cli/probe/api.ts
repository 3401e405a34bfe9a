import type { Timers, WallClock } from "../../base/clock.ts";
import { askCoworker } from "../../cluster/mesh/coworker_question.ts";
import type { Fetch } from "../../base/world.ts";
import { formatHost, type StreamUrl } from "../../rtmp/url.ts";
import type { ApiReport } from "./report.ts";

/** Options of {@link askApis}. */
export interface AskApisOptions {
  /** HTTP APIs, `host:port`. */
  apis: readonly string[];
  timeoutMs: number;
  timers: Timers & WallClock;
  fetch: Fetch;
}

/** Asks all APIs at once who has the stream, as origins ask each other. Never throws. */
export async function askApis(stream: StreamUrl, options: AskApisOptions): Promise<ApiReport[]> {
  return await Promise.all(options.apis.map((api) => askApi(stream, api, options)));
}

async function askApi({ vhost, app, stream, host }: StreamUrl, api: string, options: AskApisOptions) {
  const { timeoutMs, timers } = options;
  let failure: string | null = null;
  const fetch: Fetch = async (url, init) => {
    try {
      return await options.fetch(url, init);
    } catch (error) {
      failure = explainFetch(error);
      throw error;
    }
  };
  const query = { vhost, app, stream, ip: host, timeoutMs };
  const { latencyMs, owner, error } = await askCoworker(fetch, timers, api, query);
  const ownerText = owner === null ? null : `${formatHost(owner.ip)}:${owner.port}`;
  return { api, latencyMs, owner: ownerText, error: error === null ? null : failure ?? error };
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
