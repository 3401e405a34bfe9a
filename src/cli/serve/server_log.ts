import { systemTimers } from "../../base/clock.ts";
import { SrsError } from "../../base/errors.ts";
import { createLogger, type LogFormat, type Logger, setUpLogging } from "../../base/log.ts";
import { limitLines, LogLimiter } from "../../base/log_limiter.ts";
import { type Config, logLevelOf } from "../../config/mod.ts";
import { systemWorld } from "../../net/system_world.ts";
import { randomId } from "../../server/identity.ts";
import type { PreparedReload, ReloadPart } from "../../server/reload/reload_part.ts";
import type { CliIo } from "../command.ts";
import { describeFileError } from "../../base/file_error.ts";
import { consoleTarget, LogTank, type LogTarget, openLogFile } from "./log_tank.ts";

type LogConfig = Pick<Config, "srsLogTank" | "srsLogFile" | "srsLogLevel" | "srsLogLevelV2" | "utcTime">;

/** The log of a server process, as its configuration has it: level, format, and where the lines go. */
export class ServerLog implements ReloadPart, AsyncDisposable {
  /** Writes every line; for what the process does itself. */
  readonly log: Logger = createLogger(randomId(systemWorld, 8));
  /** For what peers can cause: lines that repeat are counted. */
  readonly limited: Logger;
  readonly #limiters = { warnings: new LogLimiter(systemTimers), others: new LogLimiter(systemTimers) };
  readonly #format: LogFormat;
  readonly #color: boolean;
  readonly #tank: LogTank;
  #config: LogConfig;

  private constructor(config: LogConfig, target: LogTarget, options: { format: LogFormat; color: boolean }) {
    this.limited = limitLines(this.log, this.#limiters);
    this.#config = config;
    this.#format = options.format;
    this.#color = options.color;
    this.#tank = new LogTank(target, {
      files: systemWorld.files,
      onLost: (lines) => this.log.warn(`lost ${lines} log lines: the output was too slow`),
      onReopenFailed: (path, error) =>
        this.log.error(`cannot reopen the log file ${path}, still writing to the old one: ${describeFileError(error)}`),
    });
    this.#setUp();
  }

  /** Opens the log. @throws {SrsError} `ConfigInvalid` if its file cannot be written. */
  static async open(config: LogConfig, io: CliIo, format: LogFormat): Promise<ServerLog> {
    const color = io.color && format === "srs";
    const target = await openTarget(config, color);
    if (target.path !== null) io.err(`srs-ts: logging to ${target.path} (srs_log_tank)\n`);
    return new ServerLog(config, target, { format, color });
  }

  /** Opens the file again: the old one was moved away. */
  reopen(): void {
    this.#tank.reopen();
  }

  async prepare(next: LogConfig): Promise<PreparedReload> {
    const { srsLogTank: tank, srsLogFile: file } = this.#config;
    const stays = tank === next.srsLogTank && (tank === "console" || file === next.srsLogFile);
    const target = stays ? null : await openTarget(next, this.#color);
    return {
      commit: () => {
        if (target !== null) {
          this.log.info(`the log continues ${target.path === null ? "on the console" : `in ${target.path}`}`);
          this.#tank.moveTo(target);
        }
        this.#config = next;
        this.#setUp();
      },
      abandon: () => target?.file?.close(),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const limiter of Object.values(this.#limiters)) limiter[Symbol.dispose]();
    await this.#tank.close();
  }

  #setUp(): void {
    setUpLogging({
      level: logLevelOf(this.#config),
      format: this.#format,
      pid: Deno.pid,
      utc: this.#config.utcTime,
      write: (line, level) => this.#tank.write(line, level),
    });
  }
}

async function openTarget({ srsLogTank, srsLogFile }: LogConfig, color: boolean): Promise<LogTarget> {
  if (srsLogTank === "console") return consoleTarget(color);
  try {
    return await openLogFile(systemWorld.files, srsLogFile);
  } catch (error) {
    const message = `cannot write the log file ${srsLogFile}: ${describeFileError(error)}`;
    throw new SrsError("ConfigInvalid", message, { cause: error });
  }
}
