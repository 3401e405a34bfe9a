import { SrsCode } from "../../base/errors.ts";
import {
  clusterModes,
  type Config,
  type ConfigProblem,
  formatProblem,
  type LoadResult,
  sourceLineOf,
} from "../../config/mod.ts";
import { findDirective } from "../../config/srs/parser.ts";
import { describeAccess } from "../../http/access/describe_access.ts";
import type { CliIo } from "../command.ts";
import type { ConfigReader } from "./config_reader.ts";

/** What a server is started as. */
export type ServerRole = "origin" | "edge";

/** A configuration that was read, or the reason why not. */
export interface CheckedConfig {
  readonly config: Config;
  readonly role: ServerRole;
  /** Exit status: 0 when the configuration can be run. Then nothing was printed. */
  readonly status: number;
  /** One line each. */
  readonly warnings: readonly string[];
  /** Whether `daemon on` is written, as opposed to SRS's default. */
  readonly isDaemonWritten: boolean;
}

/**
 * Reads the configuration of a server and prints everything that is wrong with it.
 *
 * @param wanted What it is to be started as; `any` lets the configuration decide.
 */
export function readCheckedConfig(reader: ConfigReader, wanted: ServerRole | "any", io: CliIo): CheckedConfig {
  const result = reader.load();
  const { config, problems, tree } = result;
  const role = wanted === "any" ? roleOf(config) : wanted;
  const warnings = problems.filter(({ severity }) => severity === "warning").map((warning) => formatProblem(warning));
  const isDaemonWritten = findDirective(tree, ["daemon"]) !== undefined;
  const checked = { config, role, warnings, isDaemonWritten };
  const error = problems.find(({ severity }) => severity === "error");
  if (error !== undefined) {
    printProblems(problems, result, io);
    if (error.codeName === "ConfigNotFound" && !reader.isNamed) io.err(hintOf(role));
    return { ...checked, status: SrsCode.ConfigInvalid & 255 };
  }
  const refusal = refuseRole(config, role, reader);
  if (refusal !== null) io.err(`${refusal}\n`);
  return { ...checked, status: refusal === null ? 0 : SrsCode.ConfigInvalid & 255 };
}

/** `-t`: reads the configuration and says what there is to say. @returns The exit status. */
export function testConfig(reader: ConfigReader, wanted: ServerRole | "any", io: CliIo): number {
  const { config, status, warnings } = readCheckedConfig(reader, wanted, io);
  if (status !== 0) return status;
  for (const warning of warnings) io.err(`${warning}\n`);
  if (config.httpApi.enabled) io.out(`${reader.name}: ${describeAccess(config)}\n`);
  io.out(`${reader.name}: ok\n`);
  return 0;
}

function printProblems(problems: readonly ConfigProblem[], result: LoadResult, io: CliIo): void {
  for (const problem of problems) {
    io.err(`${formatProblem(problem, { sourceLine: sourceLineOf(result, problem), color: io.color })}\n`);
  }
}

function roleOf(config: Config): ServerRole {
  return clusterModes(config).remote > 0 ? "edge" : "origin";
}

/** Why a configuration does not fit the command it was given to, or null. */
function refuseRole(config: Config, role: ServerRole, { name, arguments: args }: ConfigReader): string | null {
  const { local, remote } = clusterModes(config);
  if (role === "origin" && local === 0 && remote > 0) {
    return `${name}: every vhost is "mode remote", which is an edge: run "srs-ts edge ${args.join(" ")}"`;
  }
  if (role === "edge" && remote === 0 && local > 0) {
    return `${name}: no vhost is "mode remote", so this is not an edge: run "srs-ts origin ${args.join(" ")}"`;
  }
  return null;
}

function hintOf(role: ServerRole): string {
  const example = role === "origin" ? "conf/origin.cluster.serverA.conf" : "conf/origin.cluster.edge.conf";
  return `Name a file with -c, for example: srs-ts ${role} -c ${example}\n`;
}
