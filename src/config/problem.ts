import { escapeControls } from "../base/log.ts";
import { SrsError } from "../base/errors.ts";

/** Where in a file something stands. `line` and `column` count from 1; line 0 means the file as a whole. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Number of characters that a caret line underlines. */
  readonly length: number;
}

/** One finding about a configuration. Errors keep a server from starting, warnings do not. */
export interface ConfigProblem extends Place {
  readonly severity: "error" | "warning";
  readonly message: string;
  /** What the author probably meant, or null. */
  readonly suggestion: string | null;
  /** SRS's error name: a file that cannot be read has its own, and with it its own exit status. */
  readonly codeName: "ConfigInvalid" | "ConfigNotFound";
}

/** The place of a file as a whole. */
export function wholeFile(file: string): Place {
  return { file, line: 0, column: 0, length: 0 };
}

/** A word in quotes for a message, cut when it is very long. */
export function quoteWord(text: string): string {
  return text.length > 60 ? `"${text.slice(0, 57)}..."` : `"${text}"`;
}

/**
 * Collects the problems of one load.
 *
 * Keeps at most 200 errors and 200 warnings, so that a hostile file cannot fill memory and warnings cannot crowd out
 * errors; what was left out is counted in a last entry.
 */
export class ProblemList {
  static readonly limit = 200;
  readonly #kept = { error: [] as ConfigProblem[], warning: [] as ConfigProblem[] };
  readonly #leftOut = { error: 0, warning: 0 };

  error(place: Place, message: string, suggestion: string | null = null): void {
    this.add({ ...pick(place), severity: "error", message, suggestion, codeName: "ConfigInvalid" });
  }

  warn(place: Place, message: string, suggestion: string | null = null): void {
    this.add({ ...pick(place), severity: "warning", message, suggestion, codeName: "ConfigInvalid" });
  }

  /** Adds a problem; a second error at the place of the one before it is a consequence of that and is dropped. */
  add(problem: ConfigProblem): void {
    const list = this.#kept[problem.severity];
    const last = list.at(-1);
    if (problem.severity === "error" && last && problem.line > 0 && samePlace(last, problem)) return;
    if (list.length < ProblemList.limit) list.push(problem);
    else this.#leftOut[problem.severity]++;
  }

  get hasErrors(): boolean {
    return this.#kept.error.length > 0;
  }

  /** Whether a further error would be left out: lets callers skip costly suggestions. */
  get errorsFull(): boolean {
    return this.#kept.error.length >= ProblemList.limit;
  }

  /** All problems, file by file in the order of `files`, each from top to bottom. */
  sorted(files: Iterable<string>): ConfigProblem[] {
    const rank = new Map([...files].map((file, index) => [file, index]));
    const all = [...this.#kept.error, ...this.#kept.warning];
    all.sort((a, b) => (rank.get(a.file) ?? -1) - (rank.get(b.file) ?? -1) || a.line - b.line || a.column - b.column);
    for (const severity of ["error", "warning"] as const) {
      const count = this.#leftOut[severity];
      const last = this.#kept[severity].at(-1);
      if (count === 0 || !last) continue;
      const message = `${count} more ${severity}s are not shown`;
      all.push({ ...wholeFile(last.file), severity, message, suggestion: null, codeName: "ConfigInvalid" });
    }
    return all;
  }
}

function pick({ file, line, column, length }: Place): Place {
  return { file, line, column, length };
}

function samePlace(a: Place, b: Place): boolean {
  return a.line === b.line && a.column === b.column && a.file === b.file;
}

/** Options of {@link formatProblem}. */
export interface FormatOptions {
  /** Text of the line the problem stands on: printed below the message, with a caret line. */
  sourceLine?: string | undefined;
  /** Whether to use ANSI colours. */
  color?: boolean;
}

/**
 * One problem as text: `conf/x.conf:12:9: unknown directive "coworker" in vhost.cluster; did you mean "coworkers"?`.
 *
 * Control characters are escaped: the text may go to a terminal.
 */
export function formatProblem(problem: ConfigProblem, options: FormatOptions = {}): string {
  const paint = (code: string, text: string) => options.color ? `\x1b[${code}m${text}\x1b[0m` : text;
  const place = problem.line > 0 ? `${problem.file}:${problem.line}:${problem.column}:` : `${problem.file}:`;
  const word = problem.severity === "warning" ? " " + paint("33", "warning:") : "";
  const text = problem.suggestion ? `${problem.message}; ${problem.suggestion}` : problem.message;
  const head = `${paint("1", escapeControls(place))}${word} ${escapeControls(text)}`;
  if (options.sourceLine === undefined || problem.line === 0) return head;
  const { line, caret } = underline(options.sourceLine, problem);
  return `${head}\n${line}\n${paint(problem.severity === "warning" ? "33" : "31", caret)}`;
}

const widest = 120;

/** Cuts a window out of very long lines; tabs become one space, so the caret stands right in any terminal. */
function underline(sourceLine: string, problem: Place): { line: string; caret: string } {
  const start = Math.max(0, problem.column - 1 - widest / 2);
  const show = (text: string) => escapeControls(text.replaceAll("\t", " "));
  const before = show(sourceLine.slice(start, problem.column - 1));
  const length = Math.max(1, Math.min(problem.length, widest / 2));
  return {
    line: "  " + show(sourceLine.slice(start, start + widest)),
    caret: "  " + " ".repeat(before.length) + "^".repeat(length),
  };
}

/** A configuration that cannot be used. `problems` has all findings, warnings included. */
export class ConfigSyntaxError extends SrsError {
  override readonly name = "ConfigSyntaxError";
  readonly problems: readonly ConfigProblem[];
  /** Place of the first error. */
  readonly file: string;
  readonly line: number;
  readonly column: number;

  constructor(problems: readonly ConfigProblem[]) {
    const first = problems.find((p) => p.severity === "error");
    if (!first) throw new TypeError("Cannot make a ConfigSyntaxError without an error among the problems");
    super(first.codeName, formatProblem(first));
    this.problems = problems;
    this.file = first.file;
    this.line = first.line;
    this.column = first.column;
  }
}
