import { systemTimers } from "../../base/clock.ts";
import type { CliIo, Command, CommandArgs } from "../command.ts";
import { PASSWORD_VARIABLE, readApiAddress, readUser, userOption } from "../api_address.ts";
import { UsageError } from "../parse_args.ts";
import { pause } from "../pause.ts";
import { askStatus, type StatusAnswer, type StatusTarget } from "./ask.ts";
import { createStatusScreen } from "./screen.ts";

/** What `status` takes from outside. */
export interface StatusEnvironment {
  readonly timers: typeof systemTimers;
  readonly fetch: Parameters<typeof askStatus>[0]["fetch"];
  readonly env: (name: string) => string;
}

const DEFAULT_API = "127.0.0.1:1985";
const WATCH_MS = 2000;
const Exit = { Healthy: 0, Degraded: 1, Unreachable: 3 } as const;

/** `srs-ts status`: the state of the whole cluster, as one of its servers knows it. */
export const statusCommand: Command = {
  name: "status",
  summary: "Show the servers of the cluster, their load, and what is wrong.",
  usage: "status [--api HOST:PORT] [--user NAME[:PASSWORD]] [--json] [--watch]",
  description: `
Asks one server, whichever is at hand, for all that it knows of the cluster: itself, its coworkers, the origins that it
pulls from, and the edges that pull from it. It prints each server with its role, state, streams, viewers (people, not
servers), bits a second, CPU (of one core) and memory; then what is wrong, and what to do about it. The server that
answers is marked with a star. In a narrow terminal some columns are left out.

With --json, it prints the answer of /api/v1/cluster, in one line.`,
  options: [
    {
      name: "api",
      value: "HOST:PORT",
      help: `HTTP API of any server of the cluster, also as http:// or https:// address (default ${DEFAULT_API}).`,
    },
    userOption,
    { name: "json", help: "Print JSON and nothing else." },
    { name: "watch", help: "Show it again every 2 s, until Ctrl-C." },
  ],
  sections: [{
    title: "EXIT STATUS",
    rows: [
      ["0", "Healthy: every server is up, and nothing is wrong."],
      ["1", "Degraded: a server is down, or there is a warning."],
      ["2", "The command line is wrong."],
      ["3", "The API could not be asked."],
    ],
  }],
  examples: [
    { line: "status --api 127.0.0.1:9090", does: "Shows the cluster as origin A sees it." },
    {
      line: "status --api 10.0.0.1 --user admin --watch",
      does: `Goes on showing it; the password is in ${PASSWORD_VARIABLE}.`,
    },
    { line: "status --json > status.json || alert", does: "Runs a command unless the cluster is healthy." },
  ],
  run: (args, io) => status(args, io),
};

/** Runs the command. @returns The exit status. */
export async function status(
  args: CommandArgs,
  io: CliIo,
  world: StatusEnvironment = { timers: systemTimers, fetch, env: (name) => Deno.env.get(name) ?? "" },
): Promise<number> {
  if (args.positional.length > 0) throw new UsageError(`unexpected argument "${args.positional[0]}"`);
  const target = readTarget(args, world);
  const isJson = args.flag("json");
  const isWatching = args.flag("watch");
  using screen = createStatusScreen(io, isWatching && !isJson);
  let result: number = Exit.Healthy;
  while (!io.stop.aborted) {
    const answer = await askStatus({ ...target, fetch: world.fetch, timers: world.timers, stop: io.stop });
    // What was asked when the user had enough says nothing.
    if (io.stop.aborted) break;
    result = exitOf(answer);
    if ("failure" in answer) screen.fail(answer.failure);
    else if (isJson) io.out(`${answer.json}\n`);
    else screen.show(answer.view, target.shown);
    if (!isWatching) break;
    await pause(world.timers, WATCH_MS, io.stop);
  }
  return result;
}

function exitOf(answer: StatusAnswer): number {
  if ("failure" in answer) return Exit.Unreachable;
  return answer.view.state === "healthy" ? Exit.Healthy : Exit.Degraded;
}

function readTarget(args: CommandArgs, { env }: StatusEnvironment): StatusTarget {
  return { ...readApiAddress(args.value("api") ?? DEFAULT_API), credentials: readUser(args, env) };
}
