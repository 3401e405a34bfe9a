import { closeSync, openSync } from "node:fs";
import { spawn } from "node:child_process";
import type { Config } from "../../config/mod.ts";
import type { CliIo } from "../command.ts";
import { ownCommand } from "../own_command.ts";

/** What decides whether a server goes to the background, besides its configuration. */
export interface DaemonFacts {
  readonly pid: number;
  readonly os: typeof Deno.build.os;
  /** `INVOCATION_ID`, which systemd gives to what it starts. */
  readonly hasServiceManager: boolean;
  readonly isContainer: boolean;
  readonly mayRun: boolean;
}

/** Why a server that is to go to the background stays in the foreground; null when it goes. */
export function reasonToStay(
  config: Pick<Config, "inDocker" | "disableDaemonForDocker">,
  facts: DaemonFacts,
): string | null {
  const isContainer = facts.isContainer || config.inDocker;
  if (facts.os === "windows") return "Windows has no daemons";
  if (facts.pid === 1) return "it is process 1 of its container";
  if (isContainer && config.disableDaemonForDocker) return "it runs in a container (disable_daemon_for_docker)";
  if (facts.hasServiceManager) return "systemd started it and supervises it";
  if (!facts.mayRun) return "it was started without --allow-run";
  return null;
}

/** The facts of this process. */
export function daemonFacts(): DaemonFacts {
  const mayRun = Deno.permissions.querySync({ name: "run" }).state === "granted";
  const mayAsk = Deno.permissions.querySync({ name: "env" }).state === "granted";
  return {
    pid: Deno.pid,
    os: Deno.build.os,
    hasServiceManager: mayAsk && Boolean(Deno.env.get("INVOCATION_ID")),
    isContainer: exists("/.dockerenv") || exists("/run/.containerenv"),
    mayRun,
  };
}

function exists(path: string): boolean {
  try {
    return Deno.permissions.querySync({ name: "read", path }).state === "granted" && Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

const START_LIMIT_MS = 30_000;
const LOOK_EVERY_MS = 25;

/** What a server in the background says on standard error once it listens. */
export function readyLine(role: string, pid: number): string {
  return `srs-ts: ${role} runs in the background, pid ${pid}\n`;
}

const readyPattern = /^srs-ts: \w+ runs in the background, pid \d+\n/m;

/**
 * Starts this program again in a session of its own and waits until it listens, or has failed; prints what it says
 * until then.
 *
 * SRS's parent ends with status 0 before anything can fail. Standard error of the new process is a file: were it a pipe,
 * its end would be missed later on.
 *
 * @returns The exit status: 0 once it listens, else its own.
 */
export async function runInBackground(args: readonly string[], keepOutput: boolean, io: CliIo): Promise<number> {
  const path = await Deno.makeTempFile({ prefix: "srs-ts-start-" });
  try {
    const [file, ...all] = [...ownCommand(), ...args];
    const output = openSync(path, "w");
    // By its own name, Node's spawn takes a compiled program for Deno and puts `run` before the arguments.
    const child = spawn(file.replace(/\/(?=[^/]*$)/, "/./"), all, {
      detached: true,
      stdio: ["ignore", keepOutput ? "inherit" : "ignore", output],
    });
    closeSync(output);
    const ended = Promise.withResolvers<number>();
    child.on("exit", (code) => ended.resolve(code ?? 1));
    child.on("error", (error) => {
      io.err(`cannot start in the background: ${error.message}\n`);
      ended.resolve(1);
    });
    child.unref();
    const status = await waitForStart(path, ended.promise, io);
    if (status !== null) return status;
    child.kill("SIGKILL");
    return 1;
  } finally {
    await Deno.remove(path);
  }
}

/** Passes on what the new process says. @returns The exit status; null when it must be ended. */
async function waitForStart(path: string, ended: Promise<number>, io: CliIo): Promise<number | null> {
  const endMs = performance.now() + START_LIMIT_MS;
  const end: { status: number | null } = { status: null };
  ended.then((status) => end.status = status);
  for (let told = 0;; await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))) {
    // Looked at first: what it says with its last breath is read then.
    const { status } = end;
    const text = await Deno.readTextFile(path);
    io.err(text.slice(told));
    told = text.length;
    if (readyPattern.test(text)) return 0;
    if (status !== null) return status;
    if (io.stop.aborted) return null;
    if (performance.now() > endMs) {
      io.err(`srs-ts: the server did not listen within ${START_LIMIT_MS / 1000} s and was stopped\n`);
      return null;
    }
  }
}
