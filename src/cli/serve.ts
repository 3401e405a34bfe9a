import { describeError, SrsError } from "../base/errors.ts";
import { createLogger, type Logger, setUpLogging } from "../base/log.ts";
import { type Config, logLevelOf } from "../config/mod.ts";
import { HttpServer } from "../http/http_server.ts";
import { randomId, SERVER_NAME } from "../server/identity.ts";
import { Server } from "../server/server.ts";
import type { CliIo, CommandArgs } from "./command.ts";
import { type ConfigFile, readConfigFile, type ServerRole, testConfigFile } from "./config_file.ts";
import { LogTank } from "./log_tank.ts";
import { UsageError } from "./parse_args.ts";
import { PidFile } from "./pid_file.ts";
import { findListenerCommand } from "./port_owner.ts";
import { onServerSignals } from "./process_signals.ts";
import { stopGracefully, stopServer } from "./serve_stop.ts";
import { StrayDebugger } from "./stray_debugger.ts";

/** Runs an origin or edge until a signal ends it. @returns The exit status. */
export async function serve(role: ServerRole, args: CommandArgs, io: CliIo): Promise<number> {
  const [unexpected] = args.positional;
  if (unexpected !== undefined) {
    throw new UsageError(`unexpected argument "${unexpected}"; a configuration file is given with -c FILE`);
  }
  const path = args.value("config");
  if (args.flag("test")) return testConfigFile(path, role, io);
  const file = readConfigFile(path, role, io);
  if (file.status !== 0) return file.status;
  enterWorkDir(file.config.workDir);
  await using tank = await openTank(file.config, io);
  const log = startLog(file.config, tank);
  try {
    return await runServer(role, file, { log, tank, io });
  } catch (error) {
    // The caller prints it; a log that is kept elsewhere should have it too.
    if (file.config.srsLogTank === "file") log.error(`cannot start: ${describeError(error)}`);
    throw error;
  }
}

interface Process {
  log: Logger;
  tank: LogTank;
  io: CliIo;
}

async function runServer(role: ServerRole, { path, config, warnings }: ConfigFile, { log, tank, io }: Process) {
  log.info(`${SERVER_NAME} ${role} starts, pid ${Deno.pid}, ${path}, working directory ${Deno.cwd()}`);
  for (const warning of warnings) log.warn(warning);
  using _guard = logStrayErrors(log);
  // Listened for from here on: a signal must not end the process with its pid file in place.
  const { stop } = io;
  using pidFile = await PidFile.acquire(config.pid, Deno.pid);
  // A forced end leaves no time for anything but this.
  addEventListener("unload", () => pidFile.release());
  using strayDebugger = new StrayDebugger();
  const quit = Promise.withResolvers<"SIGQUIT">();
  using _signals = onServerSignals({
    quit: () => quit.resolve("SIGQUIT"),
    reload: () => log.warn("SIGHUP: the configuration is not reloaded, this is not available yet; restart instead"),
    reopenLog: () => {
      strayDebugger.onSignal();
      tank.reopen();
      log.info("SIGUSR1: log file opened again");
    },
  });
  const server = new Server(config, log);
  const http = new HttpServer(server);
  startListening(() => {
    server.start();
    http.start();
  });
  const stopped = Promise.withResolvers<"SIGINT" | "SIGTERM">();
  const onStop = () => stopped.resolve(stop.reason);
  if (stop.aborted) onStop();
  else stop.addEventListener("abort", onStop, { once: true });
  const how = await Promise.race([stopped.promise, quit.promise]);
  const isGraceful = how === "SIGQUIT" || (how === "SIGTERM" && config.forceGraceQuit);
  if (isGraceful) {
    await stopGracefully({ server, http }, how, how === "SIGQUIT" ? stopped.promise : new Promise(() => {}));
  } else log.info(`${how}: stop`);
  await stopServer({ server, http });
  log.info("stopped");
  return 0;
}

/** Says more about an address that cannot be bound. */
function startListening(start: () => void): void {
  try {
    start();
  } catch (error) {
    const inUse = error instanceof SrsError && error.cause instanceof Deno.errors.AddrInUse;
    if (!inUse) throw error;
    const port = Number(/:(\d+)(?=:? )/.exec(error.message)?.[1]);
    throw new SrsError(
      "SocketListen",
      `${error.message}; end it, or write another port into the file; to see which program it is: ` +
        findListenerCommand(port),
      { cause: error.cause },
    );
  }
}

function enterWorkDir(path: string): void {
  try {
    Deno.chdir(path);
  } catch (error) {
    throw new SrsError("ConfigInvalid", `cannot change to work_dir ${path}: ${describeError(error)}`, { cause: error });
  }
}

async function openTank({ srsLogTank, srsLogFile }: Config, io: CliIo): Promise<LogTank> {
  const onLost = (lines: number) => createLogger("-").warn(`${lines} log lines were lost: the output took no more`);
  if (srsLogTank === "console") return LogTank.console({ color: io.color, onLost });
  try {
    const tank = await LogTank.file(srsLogFile, { color: false, onLost });
    io.err(`srs-ts: log lines go to ${srsLogFile} (srs_log_tank)\n`);
    return tank;
  } catch (error) {
    const message = `cannot write the log file ${srsLogFile}: ${describeError(error)}`;
    throw new SrsError("ConfigInvalid", message, { cause: error });
  }
}

function startLog(config: Config, tank: LogTank): Logger {
  setUpLogging({
    level: logLevelOf(config),
    pid: Deno.pid,
    utc: config.utcTime,
    write: (line, level) => tank.write(line, level),
  });
  return createLogger(randomId(8));
}

/** Keeps the process alive through errors that nobody caught, and has them logged. */
function logStrayErrors(log: Logger): Disposable {
  const onRejection = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    log.error(`unhandled rejection: ${stackOf(event.reason)}`);
  };
  const onError = (event: ErrorEvent) => {
    event.preventDefault();
    log.error(`unhandled error: ${stackOf(event.error)}`);
  };
  addEventListener("unhandledrejection", onRejection);
  addEventListener("error", onError);
  return {
    [Symbol.dispose]() {
      removeEventListener("unhandledrejection", onRejection);
      removeEventListener("error", onError);
    },
  };
}

function stackOf(error: unknown): string {
  return error instanceof Error ? error.stack ?? error.message : String(error);
}
