import { expandGlob, isGlob, type ListDirectory } from "./glob.ts";
import { type Place, type ProblemList, quoteWord, wholeFile } from "../problem.ts";
import type { ConfWord } from "../srs/lexer.ts";
import { maxDepth, wordPlace } from "../srs/parser.ts";

/** Reads a file as text; throws when it cannot. Keeps this room free of file access. */
export type ReadFile = (path: string) => string;

/** Most characters of all files of one configuration together. */
export const maxConfigChars = 8 * 1024 * 1024;

/** Options of {@link ConfigFiles}. */
export interface ConfigFilesOptions {
  readonly readFile: ReadFile;
  /** Names in a directory, for patterns in `include`; without it they match nothing. */
  readonly listDirectory?: ListDirectory;
  readonly problems: ProblemList;
}

/** A file of a configuration; `depth` counts the levels of blocks and includes around its text. */
export interface ConfigText {
  readonly path: string;
  readonly text: string;
  readonly depth: number;
}

/**
 * Finds and reads the files of one configuration: the main one, and those that `include` names.
 *
 * Paths are relative to the working directory as in SRS; a file that is not there is looked for beside the including
 * file too. Patterns (`conf.d/*.conf`) stand for the files they match, in the order of their names. Cycles, more than
 * 64 levels and more than 8 Mi characters are errors.
 */
export class ConfigFiles {
  /** Text of every file read, by the name used in messages. */
  readonly sources = new Map<string, string>();
  readonly #options: ConfigFilesOptions;
  readonly #reading: string[] = [];
  #chars = 0;

  constructor(options: ConfigFilesOptions) {
    this.#options = options;
  }

  /** Has the main file read by `use`; `text` stands in for its content when given. Null after an error. */
  main<T>(path: string, text: string | undefined, use: (file: ConfigText) => T): T | null {
    const found = text === undefined ? this.#find([path], wholeFile(path)) : { path, text };
    return this.#open(found, { place: wholeFile(path), depth: 0 }, use);
  }

  /** Has the files that a word of an `include` in the file `from` stands for read by `use`, one after the other. */
  included<T>(from: string, word: ConfWord, depth: number, use: (file: ConfigText) => T): T[] {
    const place = wordPlace(from, word);
    const { problems, listDirectory = () => [] } = this.#options;
    if (depth > maxDepth) {
      problems.error(place, `blocks and includes are nested deeper than ${maxDepth} levels`);
      return [];
    }
    const { text } = word;
    const paths = isAbsolute(text) ? [text] : [text, directoryOf(from) + text];
    let found = [this.#find(paths, place, !isGlob(text))];
    if (isGlob(text) && !found[0]) {
      const names = paths.map((path) => expandGlob(path, listDirectory)).find((some) => some.length > 0) ?? [];
      if (names.length === 0) problems.warn(place, `no file matches ${quoteWord(text)}`);
      found = names.map((path) => this.#find([path], place));
    }
    return found.map((file) => this.#open(file, { place, depth }, use)).filter((result) => result !== null);
  }

  #open<T>(
    found: { path: string; text: string } | null,
    { place, depth }: { place: Place; depth: number },
    use: (file: ConfigText) => T,
  ): T | null {
    if (!found) return null;
    const { path } = found;
    // Half a surrogate pair cannot come from a file, and could not go into one.
    const text = found.text.toWellFormed();
    const { problems } = this.#options;
    const key = normalize(path);
    if (this.#reading.includes(key)) {
      problems.error(place, `include cycle: ${[...this.#reading, key].join(" -> ")}`);
      return null;
    }
    this.#chars += text.length;
    if (this.#chars > maxConfigChars) {
      problems.error(place, `the configuration is larger than ${maxConfigChars / 1024 / 1024} MB`);
      return null;
    }
    this.sources.set(path, text);
    this.#reading.push(key);
    const result = use({ path, text, depth });
    this.#reading.pop();
    return result;
  }

  /** The first of `paths` that can be read; otherwise says why the first one cannot, when `mustBe`. */
  #find(paths: readonly string[], place: Place, mustBe = true): { path: string; text: string } | null {
    let reason: unknown;
    for (const path of paths) {
      try {
        return { path, text: this.#options.readFile(path) };
      } catch (error) {
        reason ??= error;
      }
    }
    if (!mustBe) return null;
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
