import { type EngineEndpoint, EngineUnavailable, type OpenEngine } from "../../base/engine.ts";
import type { EngineUrl } from "../../config/mod.ts";

/** How to connect to whatever a URL names. */
export interface PrimaryOptions {
  readonly open: OpenEngine;
  readonly url: EngineUrl;
  readonly caCerts: readonly string[];
  readonly clientName: string;
  /** Ends what is under way. */
  readonly signal: AbortSignal;
}

const noEvents = { onChanged() {}, onEnd() {} };

/** The engine that a URL names: itself, or the one that is primary as a Sentinel says. */
export async function findPrimary(options: PrimaryOptions): Promise<EngineEndpoint> {
  const { url } = options;
  const [own] = url.servers;
  if (url.primaryName === null && own !== undefined) return endpointOf(own, options, true);
  let failure = "no Sentinel is named";
  for (const sentinel of url.servers) {
    try {
      return await askSentinel(sentinel, url.primaryName ?? "", options);
    } catch (error) {
      failure = `Sentinel ${sentinel.host}:${sentinel.port}: ${reasonOf(error)}`;
      options.signal.throwIfAborted();
    }
  }
  throw new EngineUnavailable(failure);
}

async function askSentinel(
  server: { readonly host: string; readonly port: number },
  name: string,
  options: PrimaryOptions,
): Promise<EngineEndpoint> {
  const { open, signal } = options;
  const question = ["SENTINEL", "get-master-addr-by-name", name];
  const ask = async (hasPassword: boolean) => {
    const endpoint = endpointOf(server, options, false);
    using link = await open(hasPassword ? endpoint : { ...endpoint, username: "", password: "" }, noEvents, signal);
    return await untilAborted(link.call(question), signal);
  };
  // Sentinels often have no password where the engine has one, and refuse a login then.
  const answer = await ask(false).catch((error) => {
    if (options.url.password !== "" && /^NOAUTH/.test(reasonOf(error))) return ask(true);
    throw error;
  });
  const [host, port] = Array.isArray(answer) ? answer : [];
  if (typeof host !== "string" || !/^\d{1,5}$/.test(String(port))) {
    throw new EngineUnavailable(`it knows no engine of the name ${name}`);
  }
  return endpointOf({ host, port: Number(port) }, options, true);
}

function endpointOf(
  { host, port }: { readonly host: string; readonly port: number },
  { url, caCerts, clientName }: PrimaryOptions,
  isTracked: boolean,
): EngineEndpoint {
  const { username, password, database, isTls } = url;
  return { host, port, tls: isTls ? { caCerts } : null, username, password, database, clientName, isTracked };
}

/** What went wrong, in words for a log line that names the engine. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What comes of a promise, unless the signal aborts first. */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(new EngineUnavailable("it does not answer"));
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
