import type { Logger } from "../base/log.ts";
import type { Config } from "../config/mod.ts";
import { readAuthorities } from "../net/tls/keys.ts";

/**
 * The certificates of `tls_ca_file`, for servers that are reached over TLS: as many as may be trusted besides the public
 * ones. None, with a line in the log, if the file is unusable: a configuration with such a file was refused before.
 */
export function loadAuthorities({ tlsCaFile }: Pick<Config, "tlsCaFile">, log: Logger): readonly string[] {
  if (tlsCaFile === "") return [];
  const found = readAuthorities(tlsCaFile);
  if ("pem" in found) return [found.pem];
  log.error(`tls_ca_file: ${found.fault}`);
  return [];
}
