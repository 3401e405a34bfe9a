import type { LogLevel } from "../base/log.ts";
import type { Infer } from "./schema/row.ts";
import type { rootRows } from "./schema/root.ts";

/** The typed configuration: one property per row of the schema. */
export type Config = Infer<typeof rootRows>;

/** One vhost: its name, and a property per row. */
export type VhostConfig = Config["vhosts"][number];

/** The vhost for names that have none of their own. */
export const defaultVhostName = "__defaultVhost__";

/**
 * The vhost that serves `name`, or undefined when clients of that name are refused.
 *
 * The vhost of exactly that name, else the default one. One that is `enabled off` does not exist, and nothing takes
 * its place. Source: SRS 7 `SrsConfig::get_vhost`, `get_vhost_enabled`.
 */
export function findVhost(config: Config, name: string): VhostConfig | undefined {
  const named = (wanted: string) => config.vhosts.find((vhost) => vhost.name === wanted);
  const vhost = named(name) ?? named(defaultVhostName);
  return vhost?.enabled ? vhost : undefined;
}

/** How many of the vhosts that are on are origins (`local`) and edges (`remote`). */
export function clusterModes(config: Config): { local: number; remote: number } {
  const enabled = config.vhosts.filter((vhost) => vhost.enabled);
  const remote = enabled.filter((vhost) => vhost.cluster.mode === "remote").length;
  return { local: enabled.length - remote, remote };
}

const oldLevels: Readonly<Record<Config["srsLogLevel"], LogLevel>> = {
  verbose: "trace",
  info: "debug",
  trace: "info",
  warn: "warn",
  error: "error",
  off: "off",
};

/** The lowest log level, from `srs_log_level_v2` when it is set, else from the old words of `srs_log_level`. */
export function logLevelOf(config: Pick<Config, "srsLogLevel" | "srsLogLevelV2">): LogLevel {
  return config.srsLogLevelV2 === "" ? oldLevels[config.srsLogLevel] : config.srsLogLevelV2;
}
