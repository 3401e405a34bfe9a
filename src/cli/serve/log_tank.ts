import { encodeUtf8 } from "../../base/bytes.ts";
import type { LogLevel } from "../../base/log.ts";
import type { Files } from "../../base/world.ts";
import { makeParentDirectory } from "./parent_directory.ts";

/** Takes bytes: standard output, or a file. */
export interface LogOutput {
  write(bytes: Uint8Array): Promise<number>;
}

/** Where a tank's lines go. */
export interface LogTarget {
  readonly output: LogOutput;
  /** Absent for standard output. */
  readonly file: Deno.FsFile | null;
  readonly path: string | null;
  /** Colours WARN yellow and ERROR red, as SRS does on a console. */
  readonly color: boolean;
}

/** The files of the world, as far as a log needs them. */
export type LogFiles = Pick<Files, "mkdir" | "open">;

/** Options of {@link LogTank}. */
export interface LogTankOptions {
  readonly files: LogFiles;
  /** Told how many lines were dropped, once lines can be written again. */
  onLost(lines: number): void;
  /** The file cannot be opened again after a rotation: lines go on to the one that was moved away. */
  onReopenFailed?(path: string, error: unknown): void;
}

/** Characters that may wait for an output that takes none: a stopped terminal, a full pipe. */
const MAX_WAITING_CHARS = 4 * 1024 * 1024;
/** How long the end of the program waits for such an output. */
const CLOSE_TIMEOUT_MS = 1000;

/** Standard output, or whatever is given in its place. */
export function consoleTarget(color: boolean, output: LogOutput = Deno.stdout): LogTarget {
  return { output, file: null, path: null, color };
}

/** Opens a file to append to; its directory is made. @throws {Error} If it cannot be opened. */
export async function openLogFile(files: LogFiles, path: string): Promise<LogTarget> {
  await makeParentDirectory(files, path);
  const file = await files.open(path, { append: true, create: true, mode: 0o644 });
  return { output: file, file, path, color: false };
}

/**
 * Takes log lines and writes them without ever making their author wait: an output that stands still costs lines, which
 * are counted, and never stops the server.
 */
export class LogTank implements AsyncDisposable {
  readonly #options: LogTankOptions;
  #target: LogTarget;
  /** Takes the place of the target once that has what was meant for it. */
  #next: LogTarget | null = null;
  #waitingForOld = "";
  #reopen = false;
  #waiting = "";
  #lost = 0;
  #pumping: Promise<void> | null = null;

  /** Takes ownership of the target. */
  constructor(target: LogTarget, options: LogTankOptions) {
    this.#target = target;
    this.#options = options;
  }

  /** Takes one line, with its line end. */
  write(line: string, level: LogLevel): void {
    if (this.#waiting.length + line.length > MAX_WAITING_CHARS) {
      this.#lost++;
      return;
    }
    this.#waiting += (this.#next ?? this.#target).color ? colored(line, level) : line;
    this.#pumping ??= this.#pump();
  }

  /** Opens the file again before the next line: the old one was moved away. */
  reopen(): void {
    this.#reopen = true;
  }

  /** Writes to another target from now on. */
  moveTo(target: LogTarget): void {
    if (this.#pumping === null) return this.#switchTo(target);
    this.#waitingForOld += this.#waiting;
    this.#waiting = "";
    this.#next?.file?.close();
    this.#next = target;
  }

  /** Writes what waits, for a limited time, then closes the file. */
  async close(): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const limit = new Promise<void>((resolve) => timer = setTimeout(resolve, CLOSE_TIMEOUT_MS));
    await Promise.race([this.#pumping, limit]);
    clearTimeout(timer);
    if (this.#pumping === null) this.#target.file?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #pump(): Promise<void> {
    // Lines of one burst leave together.
    await Promise.resolve();
    while (this.#waiting !== "" || this.#next !== null) {
      if (this.#reopen) await this.#openAgain();
      const next = this.#next;
      const text = next === null ? this.#waiting : this.#waitingForOld;
      if (next === null) this.#waiting = "";
      else this.#waitingForOld = "";
      try {
        await this.#writeAll(encodeUtf8(text));
      } catch {
        // A full disk, or the reader of a pipe that left: there is no better place to say so than where it fails.
        this.#lost += text.split("\n").length - 1;
        continue;
      } finally {
        if (next !== null && next === this.#next) {
          this.#next = null;
          this.#switchTo(next);
        }
      }
      if (this.#lost > 0) this.#options.onLost(this.#lost);
      this.#lost = 0;
    }
    this.#pumping = null;
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await this.#target.output.write(rest));
  }

  #switchTo(target: LogTarget): void {
    this.#target.file?.close();
    this.#target = target;
  }

  async #openAgain(): Promise<void> {
    this.#reopen = false;
    const { path, file } = this.#target;
    if (path === null) return;
    try {
      this.#target = await openLogFile(this.#options.files, path);
      file?.close();
    } catch (error) {
      this.#options.onReopenFailed?.(path, error);
    }
  }
}

function colored(line: string, level: LogLevel): string {
  const code = level === "error" ? 31 : level === "warn" ? 33 : 0;
  return code === 0 ? line : `\x1b[${code}m${line.replace(/\n$/, "")}\x1b[0m\n`;
}
