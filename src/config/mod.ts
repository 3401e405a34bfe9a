/** Configuration: SRS's language, read into typed values by one table of directives. */
export type { AdvertisedAddress, ConnectAddress, CoworkerAddress, ListenAddress } from "./address.ts";
export { askedVhost } from "./asked_vhost.ts";
export type { SystemFacts } from "./check/check.ts";
export type { TlsFacts } from "./check/tls.ts";
export { clusterModes, type Config, defaultVhostName, findVhost, logLevelOf, type VhostConfig } from "./config.ts";
export type { ReadFile } from "./files/config_files.ts";
export { chooseSource, type ConfigSource, type Environment } from "./env.ts";
export type { ListDirectory } from "./files/glob.ts";
export { type ConfigLanguage, languageOf } from "./files/include.ts";
export { convertConfig, type ConvertOptions, type ConvertResult } from "./convert.ts";
export { loadConfig, type LoadOptions, type LoadResult, requireConfig, sourceLineOf } from "./load.ts";
export { type ConfigProblem, ConfigSyntaxError, formatProblem } from "./problem.ts";
export { listRows, type RowInfo } from "./schema/row_index.ts";
export type { EngineUrl } from "./values/engine_url.ts";
export type { AccessRule } from "./values/rule.ts";
export { type ConfigHolder, VhostHandle } from "./vhost_handle.ts";
