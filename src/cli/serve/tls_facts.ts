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
      const found = readTlsKeys({ cert: resolve(cert), key: resolve(key) });
      return "fault" in found ? { fault: found.fault, validity: null } : { fault: null, validity: found.validity };
    },
    readAuthorities(file) {
      const found = readAuthorities(resolve(file));
      return "fault" in found ? found.fault : null;
    },
  };
}
