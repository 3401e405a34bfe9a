import type { TlsDialOptions } from "../net/tls/dial.ts";
import { readAuthorities } from "../net/tls/keys.ts";
import type { CommandArgs, OptionRow } from "./command.ts";
import { UsageError } from "./parse_args.ts";

/** Options of the commands that may speak TLS with a server. */
export const tlsOptions: readonly OptionRow[] = [
  { name: "ca", value: "FILE", help: "rtmps: also trust the certificate authorities in this PEM file." },
  { name: "insecure", help: "rtmps: accept any certificate. Somebody on the way could then read everything." },
];

/** What they say. @throws {UsageError} If the file is of no use, or they contradict each other. */
export function readTlsOptions(args: CommandArgs): TlsDialOptions {
  const path = args.value("ca");
  const isUnchecked = args.flag("insecure");
  if (path === undefined) return { isUnchecked };
  if (isUnchecked) throw new UsageError("--ca and --insecure exclude each other");
  const found = readAuthorities(path);
  if ("fault" in found) throw new UsageError(`--ca: ${found.fault}`);
  return { caCerts: [found.pem] };
}
