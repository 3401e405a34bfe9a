/** One option of a command: how it is typed, parsed and explained. */
export interface OptionRow {
  /** Long name without dashes. */
  name: string;
  /** Single letter. */
  short?: string;
  /** Placeholder of the value in the help; absent for a switch. */
  value?: string;
  /** The only values there are. */
  choices?: readonly string[];
  /** May be given several times. */
  repeats?: boolean;
  /** For this program itself: not in the help. */
  hidden?: boolean;
  help: string;
}

/** Parsed options: switches are booleans, options with a value are strings, or lists of them when they repeat. */
export interface CommandArgs {
  /** Everything that is no option, in order. */
  positional: readonly string[];
  flag(name: string): boolean;
  value(name: string): string | undefined;
  values(name: string): readonly string[];
}

/** The terminal or pipes a command talks to. */
export interface CliIo {
  /** Standard output: results. */
  out(text: string): void;
  /** Standard error: everything else. */
  err(text: string): void;
  /** Both are shown to a person: progress lines may be redrawn. */
  readonly isTerminal: boolean;
  /** Colour may be used (a terminal, and no `NO_COLOR`). */
  readonly color: boolean;
  /** Aborts on the first Ctrl-C or SIGTERM. */
  readonly stop: AbortSignal;
}

/** A part of a command's manual: paragraphs, or terms with what there is to say about each. */
export interface HelpSection {
  /** `EXIT STATUS`. */
  title: string;
  text?: string;
  rows?: readonly (readonly [term: string, text: string])[];
}

/** A subcommand: one row in the table of `mod.ts`. */
export interface Command {
  name: string;
  /** One line for the list of commands. */
  summary: string;
  /** After the program's name: `push [-i FILE] URL`. */
  usage: string;
  /** Some paragraphs for `--help`: what it does. A paragraph whose lines are indented stays as it is. */
  description: string;
  options: readonly OptionRow[];
  /** Further parts of its manual, between options and examples. */
  sections?: readonly HelpSection[];
  /** Words that may stand for its positional arguments, for completion. */
  words?: readonly string[];
  /** Command lines with a word on what they do. */
  examples: readonly { line: string; does: string }[];
  /** @returns The exit status. */
  run(args: CommandArgs, io: CliIo): Promise<number>;
}

/** A subcommand, loaded when it is asked for. */
export interface CommandEntry {
  /** Flags of `deno run` that it needs. */
  readonly permissions: string;
  /** What more it can do with more of them. */
  readonly morePermissions?: string;
  load(): Promise<Command>;
}
