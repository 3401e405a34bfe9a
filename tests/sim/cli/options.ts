import { parseArgs } from "@std/cli/parse-args";

/** How the simulation is called. */
export const USAGE =
  `A cluster's bad days, simulated: origins, edges, encoders and viewers in one process, in simulated time.

deno task sim --seed N          plays the day of one seed
deno task sim --seeds N         plays N of them (default: 100), from --from M on (default: 1)
deno task sim --minutes N       plays new ones for so long
deno task sim --replay F        plays a scenario from a file, as --shrink prints it
deno task sim --bench           plays a minute of 3 origins, 3 edges, 20 streams and 60 players, twice: the second time counts
deno task sim --mutations [X]   breaks the code in each way of a table, and looks which seed finds each; X: part of a name

  --real      with real processes of srs-ts on this machine (Linux), in real time, about a minute each, and what is left
              out of a day has a line; with --seed, --seeds and --replay, not with --shrink, --minutes and --bench
  --lone      with one fault a day: what viewers felt of each kind is printed at the end
  --log       prints everything that happens (with --seed and --replay)
  --shrink    makes a scenario that fails as small as can be, and prints it
  --first     ends at the first seed that fails
  --help      prints this

The exit code is 1 if one fails. The same seed does the same each time: its hash tells.`;

/** What is to be done. */
export interface SimOptions {
  readonly from: number;
  /** Infinity: until the time is over. */
  readonly count: number;
  readonly minutes: number;
  readonly replay: string | null;
  readonly isBench: boolean;
  /** With one fault a day. */
  readonly isLone: boolean;
  /** Part of a name; null for no mutations. */
  readonly mutations: string | null;
  /** With processes. */
  readonly isReal: boolean;
  readonly keepsLog: boolean;
  readonly shrinks: boolean;
  readonly endsAtFirst: boolean;
}

/** Reads the command line; null where it is not understood, or only asks for help. */
export function readOptions(args: readonly string[]): SimOptions | null {
  let isKnown = true;
  const given = parseArgs([...args], {
    string: ["seed", "seeds", "from", "minutes", "replay", "mutations"],
    boolean: ["log", "shrink", "first", "help", "bench", "lone", "real"],
    unknown: (name: string) => {
      if (args.at(-1) !== name || !args.includes("--mutations")) isKnown = false;
      return true;
    },
  });
  const numbers = [given.seed, given.seeds, given.from, given.minutes].filter((text) => text !== undefined);
  if (!isKnown || given.help || numbers.some((text) => !(Number(text) >= 0) || text === "")) return null;
  // What is measured in real time does not end in the same way twice.
  if (given.real && (given.shrink || given.bench || given.minutes !== undefined || given.mutations !== undefined)) {
    return null;
  }
  const minutes = Number(given.minutes ?? 0);
  const isNew = minutes > 0 && given.from === undefined;
  return {
    from: isNew ? newSeed() : Number(given.seed ?? given.from ?? 1),
    count: given.seed !== undefined ? 1 : minutes > 0 ? Infinity : Number(given.seeds ?? 100),
    minutes,
    replay: given.replay ?? null,
    isBench: given.bench,
    isLone: given.lone,
    isReal: given.real,
    mutations: given.mutations ?? null,
    keepsLog: given.log,
    shrinks: given.shrink,
    endsAtFirst: given.first,
  };
}

/** Where seeds begin that nobody has tried yet. */
export function newSeed(): number {
  const [number = 0] = crypto.getRandomValues(new Uint32Array(1));
  return 1_000_000 + number % 2_000_000_000;
}
