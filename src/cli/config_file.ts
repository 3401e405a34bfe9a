import { SrsCode } from "../base/errors.ts";
import {
  clusterModes,
  type Config,
  type ConfigProblem,
  formatProblem,
  loadConfig,
  type LoadResult,
  sourceLineOf,
  type SystemFacts,
} from "../config/mod.ts";
import type { CliIo } from "./command.ts";

/** What a server is started as. */
export type ServerRole = "origin" | "edge";

/** SRS's file where none is named. */
const DEFAULT_PATH = "conf/srs.conf";

/** A configuration that was read, or the reason why not. */
export interface ConfigFile {
  readonly path: string;
  readonly config: Config;
  /** Exit status: 0 when the configuration can be run. Then nothing was printed. */
  readonly status: number;
  /** One line each. */
  readonly warnings: readonly string[];
}

/**
 * Reads the configuration of a server and prints everything that is wrong with it.
 *
 * @param path The file; without it SRS's default.
 */
export function readConfigFile(path: string | undefined, role: ServerRole, io: CliIo): ConfigFile {
  const file = path ?? DEFAULT_PATH;
  const result = loadConfig({ path: file, readFile, system: systemFacts() });
  const { config, problems } = result;
  const warnings = problems.filter(({ severity }) => severity === "warning");
  const error = problems.find(({ severity }) => severity === "error");
  const texts = { path: file, config, warnings: warnings.map((warning) => formatProblem(warning)) };
  if (error !== undefined) {
    printProblems(problems, result, io);
    if (path === undefined && error.codeName === "ConfigNotFound") {
      io.err(`Name a file with -c, for example: srs-ts ${role} -c ${exampleOf(role)}\n`);
    }
    return { ...texts, status: SrsCode[error.codeName] & 255 };
  }
  const refusal = refuseRole(config, role, file);
  if (refusal !== null) io.err(`${refusal}\n`);
  return { ...texts, status: refusal === null ? 0 : SrsCode.ConfigInvalid & 255 };
}

/** `-t`: reads the file and says what there is to say. @returns The exit status. */
export function testConfigFile(path: string | undefined, role: ServerRole, io: CliIo): number {
  const { path: file, status, warnings } = readConfigFile(path, role, io);
  if (status !== 0) return status;
  for (const warning of warnings) io.err(`${warning}\n`);
  io.out(`${file}: ok\n`);
  return 0;
}

function printProblems(problems: readonly ConfigProblem[], result: LoadResult, io: CliIo): void {
  for (const problem of problems) {
    io.err(`${formatProblem(problem, { sourceLine: sourceLineOf(result, problem), color: io.color })}\n`);
  }
}

/** Why a file does not fit the command it was given to, or null. */
function refuseRole(config: Config, role: ServerRole, file: string): string | null {
  const { local, remote } = clusterModes(config);
  if (role === "origin" && local === 0 && remote > 0) {
    return `${file}: every vhost is "mode remote", which is an edge: run "srs-ts edge -c ${file}"`;
  }
  if (role === "edge" && remote === 0 && local > 0) {
    return `${file}: no vhost is "mode remote", so this is no edge: run "srs-ts origin -c ${file}"`;
  }
  return null;
}

function exampleOf(role: ServerRole): string {
  return role === "origin" ? "conf/origin.cluster.serverA.conf" : "conf/origin.cluster.edge.conf";
}

function readFile(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new Error("there is no such file", { cause: error });
    if (error instanceof Deno.errors.PermissionDenied) throw new Error("not permitted", { cause: error });
    throw error;
  }
}

/** What can be learnt of the machine with the permissions at hand; a check that misses its fact is left out. */
function systemFacts(): SystemFacts {
  const maxOpenFiles = readMaxOpenFiles();
  const canSeeNetwork = Deno.permissions.querySync({ name: "sys", kind: "networkInterfaces" }).state === "granted";
  return {
    ...(maxOpenFiles === null ? {} : { maxOpenFiles }),
    ...(canSeeNetwork ? { localAddresses: Deno.networkInterfaces().length } : {}),
  };
}

/** `ulimit -n`, which Deno has raised as far as it may; null where the system does not tell. */
function readMaxOpenFiles(): number | null {
  const path = "/proc/self/limits";
  // Asked for it, a terminal would show a question.
  if (Deno.permissions.querySync({ name: "read", path }).state !== "granted") return null;
  try {
    const limit = /^Max open files\s+(\d+)/m.exec(Deno.readTextFileSync(path))?.[1];
    return limit === undefined ? null : Number(limit);
  } catch {
    // Not on this system, or not without --allow-all.
    return null;
  }
}
