import type { TlsFacts } from "../../config/mod.ts";
import { readAuthorities, readTlsKeys } from "../../net/tls/keys.ts";

/**
 * What a check of a configuration has to know about certificates.
 *
 * @param resolve Full path of a file that the configuration names.
 */
export function tlsFacts(resolve: (path: string) => string): TlsFacts {
  return {
    nowMs: Date.now(),
    readPair({ cert, key }) {
      const files = { cert: resolve(cert), key: resolve(key) };
      const found = readTlsKeys(files);
      if ("fault" in found) return { fault: found.fault, validity: null };
      return { fault: null, validity: found.validity, isKeyPublic: isReadableByAll(files.key) };
    },
    readAuthorities(file) {
      const found = readAuthorities(resolve(file));
      return "fault" in found ? found.fault : null;
    },
  };
}

const READ_BY_OTHERS = 0o004;

/** False also on systems without such permissions. */
function isReadableByAll(path: string): boolean {
  try {
    return ((Deno.statSync(path).mode ?? 0) & READ_BY_OTHERS) !== 0;
  } catch {
    return false;
  }
}
