import { parseArgs } from "@std/cli/parse-args";

/** What `deno task scale` was asked for. */
export interface ScaleOptions {
  readonly nodes: number;
  /** Over which the nodes go to Redis. */
  readonly connections: number;
  readonly streams: number;
  /** Publishes a second. */
  readonly claims: number;
  /** Look-ups a second. */
  readonly finds: number;
  /** Length of the steady phase. */
  readonly seconds: number;
  /** How long the engine is dead. */
  readonly outageSeconds: number;
}

/** Shown by --help. */
export const help = `Measures the directory of a large cluster in one Redis that the task starts.

deno task scale [OPTIONS]

Each node is the program's own directory. All of them share one process and some connections: thousands of sockets with
little on each would take all the time that the process has. The task claims streams, claims and looks up at a steady
rate, kills 1 % of the nodes, kills Redis and starts it again empty, and flushes it. It takes about ten minutes; --small
one and a half.

Options
  --mesh              instead, what a look-up costs 2 to 40 origins that ask each other: half a minute
  --small             500 nodes, 20,000 streams, 1000 publishes and 4000 look-ups a second, Redis dead for 10 s
  --nodes N           default 10000
  --connections N     default 50; as many as nodes: one for each
  --streams N         default 1000000
  --claims N          publishes a second; default 5000
  --finds N           look-ups a second; default 20000
  --seconds S         length of the steady phase; default 20
  --outage S          how long Redis is dead; default 60
`;

const large: ScaleOptions = {
  nodes: 10_000,
  connections: 50,
  streams: 1_000_000,
  claims: 5000,
  finds: 20_000,
  seconds: 20,
  outageSeconds: 60,
};
const small: ScaleOptions = {
  ...large,
  nodes: 500,
  connections: 20,
  streams: 20_000,
  claims: 1000,
  finds: 4000,
  seconds: 10,
  outageSeconds: 10,
};

/** Reads the command line: `help` and `mesh` need no more. */
export function readScaleOptions(argv: readonly string[]): ScaleOptions | "help" | "mesh" {
  const names = ["nodes", "connections", "streams", "claims", "finds", "seconds", "outage"];
  const args = parseArgs([...argv], { boolean: ["help", "mesh", "small"], string: names });
  if (args["help"] === true) return "help";
  if (args["mesh"] === true) return "mesh";
  const base = args["small"] === true ? small : large;
  const number = (name: string, otherwise: number) => {
    const value = Number(args[name] ?? otherwise);
    if (!Number.isInteger(value) || value < 1) throw new TypeError(`--${name} is not a whole number from 1 on`);
    return value;
  };
  return {
    nodes: number("nodes", base.nodes),
    connections: number("connections", base.connections),
    streams: number("streams", base.streams),
    claims: number("claims", base.claims),
    finds: number("finds", base.finds),
    seconds: number("seconds", base.seconds),
    outageSeconds: number("outage", base.outageSeconds),
  };
}
