/** Configuration: SRS's language, read into typed values by one table of directives. */
export type { AdvertisedAddress, Endpoint, ListenAddress } from "./address.ts";
export type { SystemFacts } from "./check.ts";
export type { TlsFacts } from "./check_tls.ts";
export { clusterModes, type Config, defaultVhostName, findVhost, logLevelOf, type VhostConfig } from "./config.ts";
export type { ReadFile } from "./config_files.ts";
export { chooseSource, type ConfigSource, type Environment } from "./env.ts";
export type { ListDirectory } from "./glob.ts";
export { type ConfigLanguage, languageOf } from "./include.ts";
export { convertConfig, type ConvertOptions, type ConvertResult } from "./convert.ts";
export { loadConfig, type LoadOptions, type LoadResult, requireConfig, sourceLineOf } from "./load.ts";
export { type ConfigProblem, ConfigSyntaxError, formatProblem } from "./problem.ts";
export { listRows, type RowInfo } from "./row_index.ts";
export type { AccessRule } from "./value_rule.ts";
