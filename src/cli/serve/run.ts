import { SrsError } from "../../base/errors.ts";
import type { World } from "../../base/world.ts";
import type { Config } from "../../config/mod.ts";
import { HttpServer } from "../../http/server.ts";
import { FastPaths } from "../../net/fast/fast_paths.ts";
import { glibcMemory, returnMemory } from "../../net/memory_return.ts";
import { systemWorld } from "../../net/system_world.ts";
import { SERVER_NAME } from "../../server/identity.ts";
import { Reloader } from "../../server/reload/reloader.ts";
import type { ReloadPart } from "../../server/reload/reload_part.ts";
import { Server } from "../../server/server.ts";
import { threadCount, Workers } from "../../threads/main/workers.ts";
import type { CliIo } from "../command.ts";
import type { CheckedConfig } from "./config_check.ts";
import type { ConfigReader } from "./config_reader.ts";
import { ConfigWatch } from "./config_watch.ts";
import { readyLine } from "./daemon.ts";
import { watchParent } from "./parent_watch.ts";
import { PidFile } from "./pid_file.ts";
import { findListenerCommand } from "./port_owner.ts";
import { onServerSignals } from "./process_signals.ts";
import type { ServeArgs } from "./options.ts";
import { stopBySignal, stopServer } from "./stop.ts";
import { keepServerId } from "./server_id.ts";
import type { ServerLog } from "./server_log.ts";
import { loadTracer } from "./telemetry.ts";
import { logStrayErrors } from "./stray_errors.ts";
import { StrayDebugger } from "./stray_debugger.ts";

/** What a server runs with, besides its configuration. */
export interface RunOptions {
  readonly reader: ConfigReader;
  readonly options: ServeArgs;
  readonly serverLog: ServerLog;
  readonly io: CliIo;
}

/** Runs a server in this process until a signal ends it. @returns The exit status. */
export async function runServer({ config, role, warnings }: CheckedConfig, run: RunOptions): Promise<number> {
  const { reader, options, serverLog, io } = run;
  const { log } = serverLog;
  log.info(`${SERVER_NAME} ${role} starts, pid ${Deno.pid}, ${reader.name}, working directory ${Deno.cwd()}`);
  for (const warning of warnings) log.warn(warning);
  using _guard = logStrayErrors(log);
  using ends = new Ends(io.stop);
  if (config.asprocess || options.asprocess) ends.endWithParent();
  using pidFile = await PidFile.acquire(systemWorld.files, config.pid, Deno.pid);
  // A forced end leaves no time for anything but this.
  addEventListener("unload", () => pidFile.release());
  const paths = new FastPaths(
    { recv: config.recvPath, send: config.sendPath },
    (reason) => log.info(`no short ways to the kernel for publishers and players: ${reason}`),
  );
  paths.openArena();
  using workers = new Workers({ threads: threadCount(config.workers), log, paths });
  const world: World = {
    ...systemWorld,
    listen: workers.listen,
    listenTls: workers.listenTls,
    logMemory: paths.logMemory,
    paths,
  };
  const serverId = await keepServerId(world, config.pid, log);
  const server = new Server(config, serverLog.limited, { world, serverId, tracer: await loadTracer(log) });
  const parts: ReloadPart[] = [serverLog];
  const reloader = new Reloader({ server, log, read: () => reader.load(), parts });
  const http = new HttpServer(server, {
    reload: () => void reloader.reload("the HTTP API"),
    reloadState: () => reloader.report,
    drain: () => ends.end("SIGQUIT"),
  });
  parts.push(...http.certificates);
  using _memory = returnMemory(systemWorld, () => server.limits.count === 0, glibcMemory(() => paths.trim()));
  using strayDebugger = new StrayDebugger();
  using _signals = onServerSignals({
    quit: () => ends.end("SIGQUIT"),
    reload: () => void reloader.reload("SIGHUP"),
    reopenLog: () => {
      strayDebugger.onSignal();
      serverLog.reopen();
      log.info("SIGUSR1: log file reopened");
    },
  });
  // Before anybody can see that the server is there, and changes the file.
  using _watch = watchesFile(config) && reader.path !== null
    ? ConfigWatch.start(reader.path, log, () => void reloader.reload("a change of its file"))
    : null;
  startListening(() => {
    server.start();
    http.start();
  });
  if (options.isBackground) io.err(readyLine(role, Deno.pid));
  const how = await ends.first;
  await reloader.stop();
  await stopBySignal({ server, http }, how, ends.hurry);
  await stopServer({ server, http });
  log.info("stopped");
  return 0;
}

function watchesFile(config: Config): boolean {
  return config.inotifyAutoReload || (config.inDocker && config.autoReloadForDocker);
}

/** What ends a server; of several things, the first. */
class Ends implements Disposable {
  readonly #first = Promise.withResolvers<string>();
  readonly #hurry = Promise.withResolvers<void>();
  #parent: Disposable | null = null;

  /** Listens from here on: a signal must not end the process with its pid file in place. */
  constructor(stop: AbortSignal) {
    const onStop = () => {
      this.end(stop.reason);
      this.#hurry.resolve();
    };
    if (stop.aborted) onStop();
    else stop.addEventListener("abort", onStop, { once: true });
  }

  /** Settles with the name of what it was. */
  get first(): Promise<string> {
    return this.#first.promise;
  }

  /** Settles when it is to end at once, whatever came first. */
  get hurry(): Promise<void> {
    return this.#hurry.promise;
  }

  end(how: string): void {
    this.#first.resolve(how);
  }

  /** @throws {SrsError} If there is no parent any more. */
  endWithParent(): void {
    this.#parent = watchParent((pid) => {
      this.end(`the parent process ${pid} has exited`);
      this.#hurry.resolve();
    });
  }

  [Symbol.dispose](): void {
    this.#parent?.[Symbol.dispose]();
  }
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
      `${error.message}; stop it, or choose another port; to see which program it is: ` +
        findListenerCommand(port),
      { cause: error.cause },
    );
  }
}
