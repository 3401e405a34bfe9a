/** The part of `@std/cli/parse-args` that is used here. */
export interface ParseArgsOptions {
  string: string[];
  boolean: string[];
  alias: Record<string, string>;
  collect: string[];
  /** Called for what is not declared; `key` is absent for a positional argument. Whether to keep it. */
  unknown(arg: string, key?: string): boolean;
}

/** Positional arguments in `_`, everything else by name. */
export function parseArgs(
  args: string[],
  options: ParseArgsOptions,
): { _: (string | number)[] } & Record<string, unknown>;
