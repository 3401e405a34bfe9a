import { type Place, type ProblemList, quoteWord, wholeFile } from "./problem.ts";
import type { ConfWord } from "./srs_lexer.ts";
import { type ConfBlock, type ConfDirective, maxDepth, parseSrsConf, wordPlace } from "./srs_parser.ts";

/** Reads a file as text; throws when it cannot. Keeps this room free of file access. */
export type ReadFile = (path: string) => string;

/** Most characters of all files of one configuration together. */
export const maxConfigChars = 8 * 1024 * 1024;

/** Options of {@link ConfReader}. */
export interface ConfReaderOptions {
  readonly readFile: ReadFile;
  readonly problems: ProblemList;
  readonly isName?: (text: string) => boolean;
}

/**
 * Reads a configuration file and, in place of each `include`, the files it names.
 *
 * Paths are relative to the working directory as in SRS; a file that is not there is looked for beside the including
 * file too. Cycles, more than 64 levels and more than 8 Mi characters are errors.
 */
export class ConfReader {
  /** Text of every file read, by the name used in messages. */
  readonly sources = new Map<string, string>();
  readonly #options: ConfReaderOptions;
  readonly #reading: string[] = [];
  #chars = 0;

  constructor(options: ConfReaderOptions) {
    this.#options = options;
  }

  /** Reads the main file; `text` stands in for its content when given. */
  read(path: string, text?: string): ConfBlock {
    const found = text === undefined ? this.#find([path], wholeFile(path)) : { path, text };
    return this.#parse(found, wholeFile(path), 0);
  }

  #include(from: string, file: ConfWord, depth: number): readonly ConfDirective[] {
    const place = wordPlace(from, file);
    if (depth > maxDepth) {
      this.#options.problems.error(place, `blocks and includes are nested deeper than ${maxDepth} levels`);
      return [];
    }
    const beside = isAbsolute(file.text) ? [] : [directoryOf(from) + file.text];
    return this.#parse(this.#find([file.text, ...beside], place), place, depth).directives;
  }

  #parse(found: { path: string; text: string } | null, place: Place, depth: number): ConfBlock {
    const nothing: ConfBlock = { directives: [], tailComments: [] };
    if (!found) return nothing;
    const { path: file, text } = found;
    const { problems, isName } = this.#options;
    const key = normalize(file);
    if (this.#reading.includes(key)) {
      problems.error(place, `include cycle: ${[...this.#reading, key].join(" -> ")}`);
      return nothing;
    }
    this.#chars += text.length;
    if (this.#chars > maxConfigChars) {
      problems.error(place, `the configuration is larger than ${maxConfigChars / 1024 / 1024} MB`);
      return nothing;
    }
    this.sources.set(file, text);
    this.#reading.push(key);
    const include = (word: ConfWord, level: number) => this.#include(file, word, level);
    const tree = parseSrsConf(text, { file, problems, include, depth, ...(isName ? { isName } : {}) });
    this.#reading.pop();
    return tree;
  }

  /** The first of `paths` that can be read; otherwise reports why the first one cannot. */
  #find(paths: readonly string[], place: Place): { path: string; text: string } | null {
    let reason: unknown;
    for (const path of paths) {
      try {
        return { path, text: this.#options.readFile(path) };
      } catch (error) {
        reason ??= error;
      }
    }
    const why = reason instanceof Error ? reason.message : String(reason);
    const message = `cannot read ${quoteWord(paths[0] ?? "")}: ${why}`;
    this.#options.problems.add({ ...place, severity: "error", message, suggestion: null, codeName: "ConfigNotFound" });
    return null;
  }
}

function isAbsolute(path: string): boolean {
  return /^([/\\]|[A-Za-z]:[/\\])/.test(path);
}

/** `conf/` of `conf/x.conf`, empty for a file in the working directory. */
function directoryOf(path: string): string {
  return path.slice(0, path.search(/[^/\\]*$/));
}

/** Takes `.` and `dir/..` out of a path, so that one file has one name. */
function normalize(path: string): string {
  const kept: string[] = [];
  for (const part of path.split(/[/\\]/)) {
    if (part === ".") continue;
    if (part === ".." && kept.length > 0 && kept.at(-1) !== ".." && kept.at(-1) !== "") kept.pop();
    else kept.push(part);
  }
  return kept.join("/");
}
