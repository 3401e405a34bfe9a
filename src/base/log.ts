import { configureSync, getLogger, type LogLevel as TapeLevel, type LogRecord } from "@logtape/logtape";

/** Levels in rising order; SRS 5+ writes the same words in capitals. `off` silences everything. */
export type LogLevel = "trace" | "debug" | "info" | "warn" | "error" | "off";

/** Where log lines of one context (a connection, a pull, the process) go. */
export interface Logger {
  /** Context id: 8 characters per connection, shown in brackets on every line. */
  readonly cid: string;
  trace(text: string): void;
  debug(text: string): void;
  info(text: string): void;
  warn(text: string): void;
  error(text: string): void;
  /**
   * A logger of the same process with another context id.
   *
   * @param peer Address of the client that causes its lines, so that one client cannot hide the lines of others.
   */
  withCid(cid: string, peer?: string): Logger;
}

const category = ["srs"];

class TapeLogger implements Logger {
  readonly #tape;

  constructor(readonly cid: string) {
    this.#tape = getLogger(category).with({ cid });
  }

  // Texts come from peers: passed as a property, braces in them are not taken for placeholders.
  trace(text: string): void {
    this.#tape.trace("{text}", { text });
  }
  debug(text: string): void {
    this.#tape.debug("{text}", { text });
  }
  info(text: string): void {
    this.#tape.info("{text}", { text });
  }
  warn(text: string): void {
    this.#tape.warn("{text}", { text });
  }
  error(text: string): void {
    this.#tape.error("{text}", { text });
  }
  withCid(cid: string): Logger {
    return new TapeLogger(cid);
  }
}

/** The logger of a context; silent until {@link setUpLogging} was called. */
export function createLogger(cid: string): Logger {
  return new TapeLogger(cid);
}

/** How a line is written: as SRS does, or as one JSON object. */
export type LogFormat = "srs" | "json";

/** Options of {@link setUpLogging}. */
export interface LogSetup {
  level: LogLevel;
  /** By default SRS's. */
  format?: LogFormat;
  /** Process id, printed on every line. */
  pid: number;
  /** Times in UTC instead of local time (`utc_time`). */
  utc: boolean;
  /** Receives each line, with its line end; `level` lets a terminal colour it. */
  write(line: string, level: LogLevel): void;
}

/** Directs the lines of all loggers, present and future, of this process. May be called again. */
export function setUpLogging(setup: LogSetup): void {
  const lowestLevel: TapeLevel | null = setup.level === "off" ? null : toTapeLevel(setup.level);
  configureSync({
    reset: true,
    sinks: { line: (record) => setup.write(formatLine(record, setup), fromTapeLevel(record.level)) },
    loggers: [
      { category, lowestLevel, sinks: ["line"] },
      { category: ["logtape", "meta"], lowestLevel: "error", sinks: [] },
    ],
  });
}

function formatLine(record: LogRecord, setup: LogSetup): string {
  const { cid, text } = record.properties;
  const level = fromTapeLevel(record.level);
  if (setup.format === "json") return formatJsonLine(record.timestamp, level, setup.pid, String(cid), String(text));
  return formatSrsLine(record.timestamp, level, setup.pid, String(cid), String(text), setup.utc);
}

/**
 * One line in SRS's format: `[2024-10-15 12:34:56.789][INFO][pid][cid] text`.
 *
 * Control characters in the text, as a peer may send them in names, are escaped so that a line stays a line.
 * Source: SRS 7 `srs_app_log.cpp`; at most 8192 bytes a line.
 */
export function formatSrsLine(
  atMs: number,
  level: LogLevel,
  pid: number,
  cid: string,
  text: string,
  utc: boolean,
): string {
  return `[${formatTime(atMs, utc)}][${level.toUpperCase()}][${pid}][${cid}] ${escapeControls(text).slice(0, 8000)}\n`;
}

/** One line of `--log-format json`: an object with `time` (RFC 3339, UTC), `level`, `pid`, `cid` and `text`. */
export function formatJsonLine(atMs: number, level: LogLevel, pid: number, cid: string, text: string): string {
  const line = JSON.stringify({ time: new Date(atMs).toISOString(), level, pid, cid, text: text.slice(0, 8000) });
  // JSON allows these in a string; a terminal may obey them.
  return `${line.replace(MISLEADING, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`)}\n`;
}

function formatTime(atMs: number, utc: boolean): string {
  const local = utc ? atMs : atMs - new Date(atMs).getTimezoneOffset() * 60_000;
  return new Date(local).toISOString().replace("T", " ").slice(0, 23);
}

/** Control characters, other ends of lines, and what makes a terminal show the rest of a line in another order. */
const MISLEADING = /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/**
 * Writes control characters as `\xNN`, and marks of direction as `\uNNNN`, so that text from a peer can neither break a
 * line nor steer a terminal, nor seem to be another text.
 */
export function escapeControls(text: string): string {
  return text.replace(MISLEADING, (c) => {
    const hex = c.charCodeAt(0).toString(16);
    return hex.length > 2 ? `\\u${hex}` : `\\x${hex.padStart(2, "0")}`;
  });
}

function toTapeLevel(level: Exclude<LogLevel, "off">): TapeLevel {
  return level === "warn" ? "warning" : level;
}

function fromTapeLevel(level: TapeLevel): LogLevel {
  if (level === "warning") return "warn";
  return level === "fatal" ? "error" : level;
}
