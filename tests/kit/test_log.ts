import type { Logger, LogLevel } from "../../src/base/log.ts";

/** A logger that keeps its lines, as `level text`. */
export class TestLog implements Logger {
  readonly cid: string;
  readonly lines: string[];

  constructor(cid = "test", lines: string[] = []) {
    this.cid = cid;
    this.lines = lines;
  }

  trace(text: string): void {
    this.#add("trace", text);
  }
  debug(text: string): void {
    this.#add("debug", text);
  }
  info(text: string): void {
    this.#add("info", text);
  }
  warn(text: string): void {
    this.#add("warn", text);
  }
  error(text: string): void {
    this.#add("error", text);
  }

  /** Writes to the same lines. */
  withCid(cid: string): Logger {
    return new TestLog(cid, this.lines);
  }

  /** Lines that contain `text`. */
  find(text: string): string[] {
    return this.lines.filter((line) => line.includes(text));
  }

  #add(level: LogLevel, text: string): void {
    this.lines.push(`${level} ${text}`);
  }
}
