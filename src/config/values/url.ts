import { parseHostPort } from "../address.ts";
import type { ConnectAddress } from "../address.ts";
import { quoteWord } from "../problem.ts";
import type { ConfWord } from "../srs/lexer.ts";
import type { ValueReport, ValueType } from "./type.ts";

const RTMPS_PORT = 443;

/** Addresses to be called over HTTP, as written. */
export function httpUrls(): ValueType<readonly string[]> {
  return {
    kind: "list",
    takesMany: true,
    read(all, _fallback, report) {
      for (const word of all) checkHttpUrl(word, report);
      return all.map((word) => word.text);
    },
  };
}

/** One address to be called over HTTP, as written. */
export function httpUrl(): ValueType<string> {
  return {
    kind: "text",
    takesMany: false,
    read([word], _fallback, report) {
      checkHttpUrl(word, report);
      return word.text;
    },
  };
}

/** Origins of web sites, `scheme://host[:port]`, as browsers write them: in lower case, without the scheme's own port. */
export function webOrigins(): ValueType<readonly string[]> {
  return {
    kind: "list",
    takesMany: true,
    read: (all, _fallback, report) => all.map((word) => readOrigin(word, report)).filter((origin) => origin !== null),
  };
}

/** Servers that take streams: `host[:port]`, or with an address of their own for it, `rtmp://host[:port]/app/[stream]` or `rtmps://`. */
export function rtmpTargets(port: number): ValueType<readonly ConnectAddress[]> {
  return {
    kind: "address",
    takesMany: true,
    read(all, _fallback, report) {
      return all.map((word) => readTarget(word, port, report)).filter((target) => target !== null);
    },
  };
}

function checkHttpUrl(word: ConfWord, report: ValueReport): void {
  if (/^https?:\/\/./i.test(word.text) && URL.canParse(word.text)) return;
  report.warn(word, `${quoteWord(word.text)} is not an http:// or https:// URL and cannot be called`);
}

function readOrigin(word: ConfWord, report: ValueReport): string | null {
  if (/^https?:\/\/[^/?#@*]+\/?$/i.test(word.text) && URL.canParse(word.text)) return new URL(word.text).origin;
  report.error(
    word,
    `${quoteWord(word.text)} is not the origin of a web site`,
    "write https://host or http://host:port",
  );
  return null;
}

function readTarget(word: ConfWord, port: number, report: ValueReport): ConnectAddress | null {
  const { text } = word;
  const [, secure, authority] = /^rtmp(s?):\/\/([^/?#@]+)\/[^/?#]/i.exec(text) ?? [];
  const address = parseHostPort(text.includes("://") ? authority ?? "" : text);
  if (address) return { host: address.host, port: address.port ?? (secure ? RTMPS_PORT : port), text };
  report.error(word, `${quoteWord(text)} is not host, host:port, [ipv6]:port or rtmp[s]://host[:port]/app/[stream]`);
  return null;
}
