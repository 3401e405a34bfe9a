import type { Config } from "../config.ts";
import { type Place, type ProblemList, quoteWord } from "../problem.ts";

/** Names of the files of a certificate and its private key. */
export interface TlsPair {
  readonly cert: string;
  readonly key: string;
}

/** What was found in the files. */
export interface TlsPairReport {
  /** Why they cannot be used. */
  readonly fault: { readonly file: keyof TlsPair; readonly message: string; readonly suggestion: string } | null;
  /** From when until when the certificate is good, Unix times in ms; null when that is not known. */
  readonly validity: { readonly fromMs: number; readonly untilMs: number } | null;
  /** Every user of the machine may read the key; absent where that is not known. */
  readonly isKeyPublic?: boolean;
}

/** What the checks of TLS need to know. */
export interface TlsFacts {
  /** Looks into the files; names may be relative to where the program was started. */
  readonly readPair: (files: TlsPair) => TlsPairReport;
  /** Why a file with certificates of authorities cannot be used; null when it can. */
  readonly readAuthorities: (file: string) => string | null;
  /** The time, Unix ms. */
  readonly nowMs: number;
}

/** Options of {@link checkTls}. */
export interface TlsCheckOptions {
  readonly facts: TlsFacts | undefined;
  readonly problems: ProblemList;
}

const DAY_MS = 86_400_000;
/** Let's Encrypt renews 30 days before. */
const SOON_MS = 14 * DAY_MS;

/** Checks what listens with TLS, and the files that are needed for it. */
export function checkTls(
  config: Config,
  at: (...names: string[]) => Place,
  { facts, problems }: TlsCheckOptions,
): void {
  const { rtmps, httpApi, httpServer } = config;
  if (rtmps.enabled && rtmps.listen.length === 0) {
    problems.warn(at("rtmps"), `rtmps has no "listen" and serves nobody`, "add a port, for example 1443");
  }
  if (facts === undefined) return;
  const all = [
    { path: ["rtmps"], isOn: rtmps.enabled, pair: rtmps },
    { path: ["http_api", "https"], isOn: httpApi.enabled && httpApi.https.enabled, pair: httpApi.https },
    { path: ["http_server", "https"], isOn: httpServer.enabled && httpServer.https.enabled, pair: httpServer.https },
  ];
  const inWorkDir = (path: string) => below(config.workDir, path);
  for (const { path, pair: { cert, key } } of all.filter(({ isOn }) => isOn)) {
    const { fault, validity, isKeyPublic } = facts.readPair({ cert: inWorkDir(cert), key: inWorkDir(key) });
    if (isKeyPublic === true) {
      const message = `every user of this machine can read the private key ${quoteWord(key)}`;
      problems.warn(at(...path, "key"), message, `run "chmod o= ${key}"`);
    }
    // Everything else is served all the same, as by SRS, which does not look into the files before a client comes.
    if (fault !== null) {
      const message = `${path.join(".")} stays off: ${fault.message}`;
      problems.warn(at(...path, fault.file), message, fault.suggestion);
    }
    if (fault === null && validity !== null) {
      checkValidity(cert, validity, { nowMs: facts.nowMs, place: at(...path, "cert"), problems });
    }
  }
  const { tlsCaFile } = config;
  const fault = tlsCaFile === "" ? null : facts.readAuthorities(inWorkDir(tlsCaFile));
  if (fault !== null) {
    problems.error(at("tls_ca_file"), fault, "name a PEM file with -----BEGIN CERTIFICATE-----");
  }
}

function checkValidity(
  cert: string,
  { fromMs, untilMs }: { fromMs: number; untilMs: number },
  { nowMs, place, problems }: { nowMs: number; place: Place; problems: ProblemList },
): void {
  const name = `the certificate ${quoteWord(cert)}`;
  if (nowMs > untilMs) {
    problems.warn(place, `${name} expired on ${dateOf(untilMs)}`, "renew it: clients refuse it");
  } else if (nowMs < fromMs) {
    problems.warn(place, `${name} is not valid before ${dateOf(fromMs)}`, "check the clock of this machine");
  } else if (untilMs - nowMs < SOON_MS) {
    problems.warn(place, `${name} expires on ${dateOf(untilMs)}`, "renew it and reload");
  }
}

function dateOf(unixMs: number): string {
  return new Date(unixMs).toISOString().slice(0, 10);
}

/** The name of a file, as seen from where `work_dir` is seen from. */
function below(workDir: string, path: string): string {
  if (/^([/\\]|[A-Za-z]:[/\\])/.test(path) || /^(\.[/\\]?)?$/.test(workDir)) return path;
  return `${workDir.replace(/[/\\]+$/, "")}/${path.replace(/^\.[/\\]+/, "")}`;
}
