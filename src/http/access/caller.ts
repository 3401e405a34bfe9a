import { parseAddress } from "../../server/access/address_range.ts";
import type { Call } from "../call.ts";

/**
 * Who makes a call, as far as that decides what he may do:
 *
 * - `machine`: a program or page of this server on the machine it runs on;
 * - `operator`: has the user name and password of `http_api.auth`;
 * - `member`: has a `coworker_token`;
 * - `stranger`: a program anywhere, or a page of this server in a browser elsewhere;
 * - `page`: a web page that is not this server's own, or may not be.
 */
export type Caller =
  | { readonly kind: "machine" | "member" | "stranger"; readonly ip: string }
  | { readonly kind: "operator"; readonly ip: string; readonly user: string }
  | { readonly kind: "page"; readonly ip: string; readonly doubt: PageDoubt };

/** Why a page does not count as this server's own. */
export type PageDoubt =
  /** It says so; `origin` is empty where the browser only says that it is another one. */
  | { readonly why: "otherOrigin"; readonly origin: string }
  /** It was loaded by a name that need not be this server's: whoever owns the name can point it here. */
  | { readonly why: "unknownHost"; readonly host: string; readonly origin: string }
  /** A browser that does not tell which page it asks for. */
  | { readonly why: "noOrigin" };

/** What a caller has proved before, and which pages are this server's own. */
export interface CallerRules {
  /** User name of the operator, if the call has the right password; else null. */
  readonly operator: string | null;
  /** The call has the token of a coworker. */
  readonly isMember: boolean;
  /** `http_api.allow_origin`: origins of pages that count as this server's own. */
  readonly allowOrigin: readonly string[];
  /** Whether a host name, in lower case, is certainly this server's. */
  isOwnName(name: string): boolean;
}

/** Headers that a proxy adds: the client is not the one that connects. */
const FORWARDED = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];

/** Tells who makes a call. A page of another origin is one whatever it proves: the proof is its visitor's, not its own. */
export function identifyCaller(
  call: Pick<Call, "scheme" | "host" | "hostname" | "headers" | "isOfPage" | "remoteIp" | "minorVersion">,
  rules: CallerRules,
): Caller {
  const { remoteIp: ip } = call;
  const doubt = doubtPage(call, rules);
  if (doubt !== null) return { kind: "page", ip, doubt };
  if (rules.isMember) return { kind: "member", ip };
  if (rules.operator !== null) return { kind: "operator", ip, user: rules.operator };
  return { kind: isLoopback(ip) && speaksForItself(call, rules) ? "machine" : "stranger", ip };
}

/**
 * Whether a program on this machine asks in its own name.
 *
 * A proxy asks in the name of others: most add a header, and nginx, which by default adds none (1.29), then speaks
 * HTTP/1.0. And a page of a foreign name that leads to this machine can make Firefox send any `User-Agent`; its `GET`
 * then looks like a program's, but for the name.
 */
function speaksForItself(
  { scheme, headers, hostname, minorVersion }: Pick<Call, "scheme" | "headers" | "hostname" | "minorVersion">,
  { isOwnName }: CallerRules,
): boolean {
  if (minorVersion === 0 || FORWARDED.some((name) => headers.has(name))) return false;
  return scheme === "https" || isOwnHost(hostname.toLowerCase(), isOwnName);
}

/** Whether an address is of this machine alone. */
export function isLoopback(ip: string): boolean {
  const bytes = parseAddress(ip);
  if (bytes === null) return false;
  return bytes.length === 4 ? bytes[0] === 127 : bytes.every((byte, at) => byte === (at === 15 ? 1 : 0));
}

/** Null for programs and for pages of this server. Source: Fetch standard, `Origin` and `Sec-Fetch-Site`. */
function doubtPage(
  call: Pick<Call, "scheme" | "host" | "hostname" | "headers" | "isOfPage">,
  { operator, allowOrigin, isOwnName }: CallerRules,
): PageDoubt | null {
  const { scheme, headers, isOfPage = false } = call;
  const origin = headers.get("origin")?.toLowerCase() ?? null;
  if (origin !== null && allowOrigin.includes(origin)) return null;
  const site = headers.get("sec-fetch-site");
  const isBrowser = isOfPage || /^mozilla\//i.test(headers.get("user-agent") ?? "");
  if (origin === null && site === null) return isBrowser ? { why: "noOrigin" } : null;
  const host = call.host.toLowerCase();
  const isSame = site === "same-origin" || site === "none" ||
    (site === null && origin?.replace(/^https?:\/\//, "") === host);
  if (!isSame) return { why: "otherOrigin", origin: origin ?? "" };
  // A name that somebody points here has neither a certificate for it nor, in the browser, a password.
  if (scheme === "https" || operator !== null || isOwnHost(call.hostname.toLowerCase(), isOwnName)) return null;
  return { why: "unknownHost", host, origin: origin ?? `http://${host}` };
}

function isOwnHost(name: string, isOwnName: (name: string) => boolean): boolean {
  return parseAddress(name) !== null || name === "localhost" || name.endsWith(".localhost") || isOwnName(name);
}
