import { parseHostPort } from "../address.ts";
import type { ConfWord } from "../srs/lexer.ts";
import { secret, type ValueReport, type ValueType } from "./type.ts";

/** How to reach an engine (Valkey, Redis): its own address, or those of Sentinels that know it. */
export interface EngineUrl {
  /** The engine's address, or those of its Sentinels. */
  readonly servers: readonly { readonly host: string; readonly port: number }[];
  /** By this name the Sentinels know the engine; null where `servers` is the engine itself. */
  readonly primaryName: string | null;
  readonly isTls: boolean;
  /** Empty for the engine's default user. */
  readonly username: string;
  readonly password: string;
  readonly database: number;
  /** The URL without user and password, as it may be shown. */
  readonly text: string;
}

const ENGINE_PORT = 6379;
const SENTINEL_PORT = 26379;
const MAX_SERVERS = 16;
const MAX_DATABASE = 9999;
const forms = "write redis://[user:password@]host[:port][/database], rediss:// for TLS, or " +
  "redis+sentinel://host[:port],host[:port]/name[/database]";
const urlPattern = /^(rediss?)(\+sentinel)?:\/\/(?:([^@/]*)@)?([^@/?#]+)(\/[^?#@]*)?$/i;

/** The address of an engine; never shown, since a password may stand in it. */
export function engineUrl(): ValueType<EngineUrl | null> {
  return secret({ kind: "text", takesMany: false, read: ([word], _fallback, report) => readUrl(word, report) });
}

/** Addresses of engines. */
export function engineUrls(most: number): ValueType<readonly EngineUrl[]> {
  return secret({
    kind: "list",
    takesMany: true,
    read(all, _fallback, report) {
      const extra = all[most];
      if (extra !== undefined) report.error(extra, `there are ${all.length} engines, at most ${most} are allowed`);
      return all.map((word) => readUrl(word, report)).filter((url) => url !== null);
    },
  });
}

/** No message quotes the word: a password may stand in it. */
function readUrl(word: ConfWord, report: ValueReport): EngineUrl | null {
  const url = parseEngineUrl(word.text);
  if (typeof url !== "string") return url;
  report.error(word, url, forms);
  return null;
}

/** Reads the URL of an engine. @returns A text if it is none: what is wrong with it, without quoting it. */
export function parseEngineUrl(text: string): EngineUrl | string {
  const match = urlPattern.exec(text);
  if (match === null) {
    const scheme = /^([a-z+]{1,20}):\/\//i.exec(text)?.[1]?.toLowerCase();
    if (scheme === undefined) return "the address of the engine is no URL";
    return /^rediss?(?:\+sentinel)?$/.test(scheme)
      ? 'the URL of the engine cannot be read: "/", "@", "?" and "#" in a password are written as %2F, %40, %3F, %23'
      : `the engine is not reached by "${scheme}://"`;
  }
  const [, scheme = "", sentinel, login = "", hosts = "", path = ""] = match;
  const isSentinel = sentinel !== undefined;
  const servers = hosts.split(",").map(parseHostPort);
  if (servers.length > (isSentinel ? MAX_SERVERS : 1)) {
    return isSentinel ? `there are more than ${MAX_SERVERS} Sentinels` : "only redis+sentinel:// has several hosts";
  }
  const colon = login.indexOf(":");
  const username = decode(colon < 0 ? login : login.slice(0, colon));
  const password = decode(colon < 0 ? "" : login.slice(colon + 1));
  if (username === null || password === null) return 'a "%" in user or password is written as %25';
  if (username !== "" && password === "") return "the URL of the engine has a user without a password";
  const parts = path.split("/").slice(1).filter((part) => part !== "");
  const primaryName = isSentinel ? decode(parts.shift() ?? "") : null;
  if (primaryName === "") return "the name by which the Sentinels know the engine is missing";
  const [database = "0", ...rest] = parts;
  if (rest.length > 0 || !/^\d{1,4}$/.test(database) || Number(database) > MAX_DATABASE) {
    return "the database of the engine is not a number";
  }
  const port = isSentinel ? SENTINEL_PORT : ENGINE_PORT;
  const known = servers.filter((server) => server !== null).map((server) => ({
    host: server.host,
    port: server.port ?? port,
  }));
  if (known.length < servers.length) {
    return "the URL of the engine has a host that is not host, host:port or [ipv6]:port";
  }
  return {
    servers: known,
    primaryName,
    isTls: scheme.toLowerCase() === "rediss",
    username,
    password,
    database: Number(database),
    text: `${scheme.toLowerCase()}${isSentinel ? "+sentinel" : ""}://${hosts}${path}`,
  };
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
