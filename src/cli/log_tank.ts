import { encodeUtf8 } from "../base/bytes.ts";
import type { LogLevel } from "../base/log.ts";
import { makeParentDirectory } from "./parent_directory.ts";

/** Where a tank's bytes go: standard output or a file. */
export interface LogOutput {
  write(bytes: Uint8Array): Promise<number>;
}

/** Options of {@link LogTank}. */
export interface LogTankOptions {
  /** Colours WARN yellow and ERROR red, as SRS does on a console. */
  color: boolean;
  /** Told how many lines were dropped, once lines can be written again. */
  onLost(lines: number): void;
}

/** Characters that may wait for an output that takes none: a stopped terminal, a full pipe. */
const MAX_WAITING_CHARS = 4 * 1024 * 1024;
/** How long the end of the program waits for such an output. */
const CLOSE_TIMEOUT_MS = 1000;

/**
 * Takes log lines and writes them without ever making their author wait: an output that stands still costs lines, which
 * are counted, and never stops the server.
 */
export class LogTank implements AsyncDisposable {
  readonly #options: LogTankOptions;
  readonly #path: string | null;
  #output: LogOutput;
  #file: Deno.FsFile | null = null;
  #reopen = false;
  #waiting = "";
  #lost = 0;
  #pumping: Promise<void> | null = null;

  private constructor(output: LogOutput, path: string | null, options: LogTankOptions) {
    this.#output = output;
    this.#path = path;
    this.#options = options;
  }

  /** A tank on standard output, or whatever is given in its place. */
  static console(options: LogTankOptions, output: LogOutput = Deno.stdout): LogTank {
    return new LogTank(output, null, options);
  }

  /** A tank that appends to a file; its directory is made. @throws {Error} If the file cannot be opened. */
  static async file(path: string, options: LogTankOptions): Promise<LogTank> {
    await makeParentDirectory(path);
    const file = await openLog(path);
    const tank = new LogTank(file, path, options);
    tank.#file = file;
    return tank;
  }

  /** Takes one line, with its line end. */
  write(line: string, level: LogLevel): void {
    if (this.#waiting.length + line.length > MAX_WAITING_CHARS) {
      this.#lost++;
      return;
    }
    this.#waiting += this.#options.color ? colored(line, level) : line;
    this.#pumping ??= this.#pump();
  }

  /** Opens the file again before the next line: the old one was moved away. */
  reopen(): void {
    this.#reopen = this.#path !== null;
  }

  /** Writes what waits, for a limited time, then closes the file. */
  async close(): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const limit = new Promise<void>((resolve) => timer = setTimeout(resolve, CLOSE_TIMEOUT_MS));
    await Promise.race([this.#pumping, limit]);
    clearTimeout(timer);
    if (this.#pumping === null) this.#file?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #pump(): Promise<void> {
    // Lines of one burst leave together.
    await Promise.resolve();
    while (this.#waiting !== "") {
      const text = this.#waiting;
      this.#waiting = "";
      try {
        if (this.#reopen) await this.#openAgain();
        await this.#writeAll(encodeUtf8(text));
      } catch {
        // A full disk, or the reader of a pipe that left: there is no better place to say so than where it fails.
        this.#lost += text.split("\n").length - 1;
        continue;
      }
      if (this.#lost > 0) this.#options.onLost(this.#lost);
      this.#lost = 0;
    }
    this.#pumping = null;
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await this.#output.write(rest));
  }

  async #openAgain(): Promise<void> {
    this.#reopen = false;
    if (this.#path === null) return;
    const old = this.#file;
    this.#output = this.#file = await openLog(this.#path);
    old?.close();
  }
}

function openLog(path: string): Promise<Deno.FsFile> {
  return Deno.open(path, { append: true, create: true, mode: 0o644 });
}

function colored(line: string, level: LogLevel): string {
  const code = level === "error" ? 31 : level === "warn" ? 33 : 0;
  return code === 0 ? line : `\x1b[${code}m${line.replace(/\n$/, "")}\x1b[0m\n`;
}
