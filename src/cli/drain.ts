import { systemTimers } from "../base/clock.ts";
import type { CliIo, Command, CommandArgs } from "./command.ts";
import { describeFetchError } from "./fetch_error.ts";
import { numberValue, UsageError } from "./parse_args.ts";
import { pause } from "./pause.ts";

const DEFAULT_API = "127.0.0.1:1985";
const DEFAULT_TIMEOUT_S = 600;
const CALL_TIMEOUT_MS = 5000;
const LOOK_MS = 500;

/** `srs-ts drain`: the graceful stop of a server, waited for. */
export const drainCommand: Command = {
  name: "drain",
  summary: "Let a server send its clients elsewhere and stop, and wait until it has.",
  usage: "drain [--api HOST:PORT] [--timeout SECONDS] [--no-wait]",
  description: `
Begins the graceful stop of a server, as SIGQUIT does, and returns when the server has ended: where somebody ends the
server next, as Kubernetes does after its preStop hook, no client loses its connection.

The server takes this from programs on its own machine; see "Security" in README.md for others. Where its API has a
password, the command uses the variables that also configure the server: SRS_HTTP_API_AUTH_USERNAME and
SRS_HTTP_API_AUTH_PASSWORD.`,
  options: [
    { name: "api", value: "HOST:PORT", help: `HTTP API of the server (default ${DEFAULT_API}).` },
    {
      name: "timeout",
      value: "SECONDS",
      help: `How long to wait for its end (default ${DEFAULT_TIMEOUT_S}).`,
    },
    { name: "no-wait", help: "Return as soon as the server has begun." },
  ],
  sections: [{
    title: "EXIT STATUS",
    rows: [
      ["0", "The server has ended; with --no-wait, it has begun to drain."],
      ["1", "The server refused, or had not ended in time."],
      ["2", "The command line is wrong."],
      ["3", "No HTTP API answered."],
    ],
  }],
  examples: [
    { line: "drain", does: "drains the server of this machine or container, and waits for its end" },
    { line: "drain --api 127.0.0.1:9090 --no-wait", does: "only begins" },
  ],
  run: drain,
};

async function drain(args: CommandArgs, io: CliIo): Promise<number> {
  const api = readApi(args);
  const timeoutMs = (numberValue(args, "timeout", { min: 1, max: 86_400 }) ?? DEFAULT_TIMEOUT_S) * 1000;
  const begun = await call(api, "POST", "/api/v1/drain", io.stop);
  if ("failure" in begun) {
    io.err(`${api} ${begun.failure}\n`);
    return begun.isReached ? 1 : 3;
  }
  if (args.flag("no-wait")) return 0;
  io.err(`${api} drains; waiting for its end\n`);
  const endMs = systemTimers.nowMs() + timeoutMs;
  while (systemTimers.nowMs() < endMs && !io.stop.aborted) {
    const now = await call(api, "GET", "/api/v1/versions", io.stop);
    // Another instance may be there already: somebody starts it again.
    const isThere = "failure" in now ? now.isReached : now.service === begun.service;
    if (!isThere && !io.stop.aborted) return 0;
    await pause(systemTimers, LOOK_MS, io.stop);
  }
  io.err(`${api} has not ended within ${timeoutMs / 1000} s\n`);
  return 1;
}

function readApi(args: CommandArgs): string {
  const api = args.value("api") ?? DEFAULT_API;
  if (args.positional.length > 0) throw new UsageError(`unexpected argument "${args.positional[0]}"`);
  if (!/^[^/?#@\s]+:\d{1,5}$/.test(api) || !URL.canParse(`http://${api}`)) {
    throw new UsageError(`--api must be HOST:PORT, not "${api}"`);
  }
  return api;
}

/** What a server said: which instance it is, or what went wrong in words. */
type Said = { readonly service: string } | { readonly failure: string; readonly isReached: boolean };

async function call(api: string, method: string, path: string, stop: AbortSignal): Promise<Said> {
  try {
    const signal = AbortSignal.any([stop, AbortSignal.timeout(CALL_TIMEOUT_MS)]);
    const response = await fetch(`http://${api}${path}`, { method, headers: credentials(), redirect: "error", signal });
    const text = await response.text();
    return readAnswer(response.status, text);
  } catch (error) {
    // Whoever is too busy to answer has not ended.
    const isLate = error instanceof DOMException && error.name === "TimeoutError";
    const why = isLate ? `no answer within ${CALL_TIMEOUT_MS / 1000} s` : describeFetchError(error);
    return { failure: `does not answer: ${why}`, isReached: isLate };
  }
}

function readAnswer(status: number, text: string): Said {
  if (status === 401) return { failure: "asks for a user name and password", isReached: true };
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return { failure: "does not answer as the HTTP API of srs-ts does", isReached: true };
  }
  const member = (name: string) => typeof body === "object" && body !== null ? Reflect.get(body, name) : undefined;
  const service = member("service");
  if (status === 200 && member("code") === 0 && typeof service === "string") return { service };
  return { failure: `refuses: ${member("message") ?? `code ${member("code")}`}`, isReached: true };
}

/** Of the server itself: in a container, both have one environment. */
function credentials(): Record<string, string> {
  const [user, password] = ["USERNAME", "PASSWORD"].map((name) => Deno.env.get(`SRS_HTTP_API_AUTH_${name}`) ?? "");
  if (user === "") return {};
  const bytes = new TextEncoder().encode(`${user}:${password}`);
  return { authorization: `Basic ${btoa(String.fromCharCode(...bytes))}` };
}
