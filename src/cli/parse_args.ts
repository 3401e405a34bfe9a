// The npm form of `@std/cli` carries no types: they are given in `parse_args.d.ts`.
// @ts-types="./parse_args.d.ts"
import { parseArgs } from "@std/cli/parse-args";
import type { CommandArgs, OptionRow } from "./command.ts";
import { nearest } from "./nearest.ts";

/** The user typed something that makes no sense: one line, exit status 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** A command's options and those that every command has. */
export function allOptions(options: readonly OptionRow[]): OptionRow[] {
  const help = { name: "help", short: "h", help: "Show this text." };
  const version = { name: "version", help: "Print the version." };
  return [...options, help, options.some(({ short }) => short === "v") ? version : { ...version, short: "v" }];
}

/**
 * Reads a command line by a table of options.
 *
 * Long options as `--name value` or `--name=value`, short ones as `-c value`, `-cvalue` (as SRS has it) or `-c=value`;
 * what follows `--` is positional.
 *
 * @throws {UsageError} On an option that is not in the table, a missing value, or a value that is not wanted.
 */
export function parseCommandLine(args: readonly string[], rows: readonly OptionRow[]): CommandArgs {
  const withValue = rows.filter((row) => row.value !== undefined);
  const parsed = parseArgs(args.length === 0 ? [] : separateValues(args, rows), {
    string: ["_", ...withValue.map(({ name }) => name)],
    boolean: rows.filter((row) => row.value === undefined).map(({ name }) => name),
    alias: Object.fromEntries(rows.flatMap(({ name, short }) => short === undefined ? [] : [[short, name]])),
    collect: withValue.map(({ name }) => name),
    unknown: (arg, key) => key === undefined || refuse(key.length === 1 ? `-${key}` : arg, rows),
  });
  const values = new Map(withValue.map((row) => [row.name, readValues(parsed[row.name], row)]));
  return {
    positional: parsed._.map(String),
    flag: (name) => parsed[name] === true,
    value: (name) => values.get(name)?.at(-1),
    values: (name) => values.get(name) ?? [],
  };
}

/** A number of an option, or undefined when the option is not given. @throws {UsageError} If it is none, or out of range. */
export function numberValue(
  args: CommandArgs,
  name: string,
  range: { min: number; max: number; integer?: boolean },
): number | undefined {
  const text = args.value(name);
  if (text === undefined) return undefined;
  const number = /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
  const { min, max, integer = false } = range;
  if (number >= min && number <= max && (!integer || Number.isInteger(number))) return number;
  const what = integer ? "a whole number" : "a number";
  throw new UsageError(`--${name} must be ${what} from ${min} to ${max}, not "${text}"`);
}

/** Splits `-cFILE`, which the parser would read as a row of switches; refuses `--switch=value`. */
function separateValues(args: readonly string[], rows: readonly OptionRow[]): string[] {
  const end = args.indexOf("--");
  const [options, rest] = end < 0 ? [args, []] : [args.slice(0, end), args.slice(end)];
  return [
    ...options.flatMap((arg) => {
      const short = /^-([A-Za-z])([^=].*)$/s.exec(arg);
      const glued = rows.find((row) => row.short === short?.[1] && row.value !== undefined);
      if (short !== null && glued !== undefined) return [`-${short[1]}`, short[2] ?? ""];
      const long = /^--([^=]+)=/.exec(arg)?.[1];
      if (rows.some(({ name, value }) => name === long && value === undefined)) {
        throw new UsageError(`--${long} takes no value`);
      }
      return [arg];
    }),
    ...rest,
  ];
}

function readValues(found: unknown, { name, short, value, choices, repeats = false }: OptionRow): string[] {
  const values = Array.isArray(found) ? found.map(String) : [];
  const spelled = short === undefined ? `--${name}` : `-${short} (--${name})`;
  if (values.includes("")) throw new UsageError(`${spelled} needs a value: ${value}`);
  if (values.length > 1 && !repeats) throw new UsageError(`${spelled} is given ${values.length} times: give it once`);
  const odd = values.find((each) => choices?.includes(each) === false);
  if (odd !== undefined) throw new UsageError(`--${name} must be ${listOf(choices ?? [])}, not "${odd}"`);
  return values;
}

/** `a, b or c`. */
function listOf(words: readonly string[]): string {
  return words.join(", ").replace(/, ([^,]*)$/, " or $1");
}

function refuse(option: string, rows: readonly OptionRow[]): never {
  const typed = option.replace(/=.*$/s, "");
  const near = nearest(typed, rows.filter(({ hidden = false }) => !hidden).map(({ name }) => `--${name}`));
  throw new UsageError(`unknown option "${typed}"${near === null ? "" : `; did you mean "${near}"?`}`);
}
