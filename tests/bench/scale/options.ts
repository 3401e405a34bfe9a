import { parseArgs } from "@std/cli/parse-args";

/** What `deno task scale` was asked for. */
export interface ScaleOptions {
  readonly nodes: number;
  /** Processes that share the nodes. */
  readonly processes: number;
  /** Over which the nodes go to Redis. */
  readonly connections: number;
  readonly streams: number;
  /** Publishes a second. */
  readonly claims: number;
  /** Look-ups a second. */
  readonly finds: number;
  /** Length of each phase with a load. */
  readonly seconds: number;
  /** How long the engine is dead. */
  readonly outageSeconds: number;
  /** How long a lease lives. */
  readonly nodeTtlSeconds: number;
}

/** Renewals of leases a second for which one core has the time, and some left. */
const RENEWALS_PER_CORE = 500;
/** The default of `node_ttl`. */
const NODE_TTL_SECONDS = 6;

/** Shown by --help. */
export const help = `Measures the directory of a large cluster in one Redis that the task starts.

deno task scale [OPTIONS]

Each node is the program's own directory. They are spread over some processes, and share some connections: thousands of
sockets with little on each would take all the time that a process has. One more node has a process of its own: it tells
what the engine takes, where the others wait for themselves.

The task claims streams, claims and looks up at a rate that doubles until look-ups take more than 5 ms, and at the rate
that is wanted. Then it kills 1 % of the nodes, kills Redis and starts it again empty, and flushes it. --small takes two
minutes, the defaults about ten, depending on the machine.

Options
  --mesh              instead, what a look-up costs 2 to 40 origins that ask each other: half a minute
  --small             500 nodes, 20,000 streams, 1000 publishes and 4000 look-ups a second, Redis dead for 10 s
  --nodes N           default 10000
  --processes N       default: one for each core
  --connections N     default 50; as many as nodes: one for each
  --streams N         default 1000000
  --claims N          publishes a second that are wanted; default 5000
  --finds N           look-ups a second that are wanted; default 20000
  --seconds S         length of each phase with a load; default 20
  --outage S          how long Redis is dead; default 60
  --ttl S             how long a lease lives; default 6, as node_ttl, and longer where the nodes would renew their leases
                      more than 500 times a second for each core, and leave it no time for anything else
`;

const large: Omit<ScaleOptions, "nodeTtlSeconds"> = {
  nodes: 10_000,
  processes: navigator.hardwareConcurrency,
  connections: 50,
  streams: 1_000_000,
  claims: 5000,
  finds: 20_000,
  seconds: 20,
  outageSeconds: 60,
};
const small: typeof large = {
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
  const names = ["nodes", "processes", "connections", "streams", "claims", "finds", "seconds", "outage", "ttl"];
  const args = parseArgs([...argv], { boolean: ["help", "mesh", "small"], string: names });
  if (args["help"] === true) return "help";
  if (args["mesh"] === true) return "mesh";
  const base = args["small"] === true ? small : large;
  const number = (name: string, otherwise: number) => {
    const value = Number(args[name] ?? otherwise);
    if (!Number.isInteger(value) || value < 1) throw new TypeError(`--${name} is not a whole number from 1 on`);
    return value;
  };
  const nodes = number("nodes", base.nodes);
  const leastTtlSeconds = Math.ceil(3 * nodes / (RENEWALS_PER_CORE * navigator.hardwareConcurrency));
  return {
    nodes,
    processes: number("processes", base.processes),
    connections: number("connections", base.connections),
    streams: number("streams", base.streams),
    claims: number("claims", base.claims),
    finds: number("finds", base.finds),
    seconds: number("seconds", base.seconds),
    outageSeconds: number("outage", base.outageSeconds),
    nodeTtlSeconds: number("ttl", Math.max(NODE_TTL_SECONDS, leastTtlSeconds)),
  };
}
