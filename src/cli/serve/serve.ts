import { describeError, SrsError } from "../../base/errors.ts";
import { SERVER_NAME } from "../../server/identity.ts";
import type { CliIo, CommandArgs } from "../command.ts";
import { describeFileError } from "../../base/file_error.ts";
import { type CheckedConfig, readCheckedConfig, type ServerRole, testConfig } from "./config_check.ts";
import { ConfigReader } from "./config_reader.ts";
import { daemonFacts, reasonToStay, runInBackground } from "./daemon.ts";
import { backgroundArguments, readServeArgs, type ServeArgs } from "./options.ts";
import { runServer } from "./run.ts";
import { ServerLog } from "./server_log.ts";

/**
 * Runs an origin or edge until a signal ends it.
 *
 * @param wanted `any`: as SRS's own program, which goes by its configuration alone, also in when to go to the
 * background.
 * @returns The exit status.
 */
export async function serve(wanted: ServerRole | "any", args: CommandArgs, io: CliIo): Promise<number> {
  const options = readServeArgs(args);
  if (args.flag("signature")) {
    io.out(`${SERVER_NAME}\n`);
    return 0;
  }
  const reader = new ConfigReader(options);
  if (args.flag("test")) return testConfig(reader, wanted, io);
  const checked = readCheckedConfig(reader, wanted, io);
  if (checked.status !== 0) return checked.status;
  const { config, role } = checked;
  const warnings = [...checked.warnings];
  if (!options.isBackground && config.daemon && (checked.isDaemonWritten || wanted === "any")) {
    const reason = reasonToStay(config, daemonFacts());
    const command = backgroundArguments(role, options, reader.arguments);
    if (reason === null) return await runInBackground(command, config.srsLogTank === "console", io);
    // What SRS would do without being told so, nobody misses.
    if (checked.isDaemonWritten) warnings.push(`daemon on: the server stays in the foreground, because ${reason}`);
  }
  return await serveHere({ ...checked, warnings }, { reader, options, io });
}

async function serveHere(
  checked: CheckedConfig,
  { reader, options, io }: { reader: ConfigReader; options: ServeArgs; io: CliIo },
): Promise<number> {
  const { config } = checked;
  enterWorkDir(config.workDir);
  await using serverLog = await ServerLog.open(config, io, options.format);
  try {
    return await runServer(checked, { reader, options, serverLog, io });
  } catch (error) {
    // The caller prints it; a log that is kept elsewhere should have it too.
    if (config.srsLogTank === "file") serverLog.log.error(`cannot start: ${describeError(error)}`);
    throw error;
  }
}

function enterWorkDir(path: string): void {
  try {
    Deno.chdir(path);
  } catch (error) {
    throw new SrsError("ConfigInvalid", `cannot change to work_dir ${path}: ${describeFileError(error)}`, {
      cause: error,
    });
  }
}
