import { type CoworkerAddress, parseHostPort } from "../address.ts";
import { quoteWord } from "../problem.ts";
import type { ConfWord } from "../srs/lexer.ts";
import type { ValueReport, ValueType } from "./type.ts";

/** Where no port is written. */
const PORT = 80;

/**
 * HTTP APIs of coworkers: `host:port`; `dns+http://NAME:PORT` for all addresses of a name; `srv+http://NAME` for all services
 * of a name.
 */
export function coworkerAddresses(): ValueType<readonly CoworkerAddress[]> {
  return {
    kind: "address",
    takesMany: true,
    read: (all, _fallback, report) => all.map((word) => read(word, report)).filter((address) => address !== null),
  };
}

function read(word: ConfWord, report: ValueReport): CoworkerAddress | null {
  const { text } = word;
  const [, lookUp, authority] = /^(dns|srv)\+http:\/\/([^/?#@]+)\/?$/i.exec(text) ?? [];
  if (lookUp?.toLowerCase() === "srv") return readService(word, authority ?? "", report);
  const address = parseHostPort(authority ?? text);
  if (address === null) {
    const forms = "host, host:port, [ipv6]:port, dns+http://name:port or srv+http://name";
    report.error(word, `${quoteWord(text)} is not ${forms}`);
    return null;
  }
  const { host, port } = address;
  if (port === null) {
    const message = `${quoteWord(text)} has no port, so port ${PORT} is used`;
    report.warn(word, message, "write the port of the coworker's HTTP API");
  }
  const found = { host, port: port ?? PORT, text };
  return lookUp === undefined ? found : { ...found, lookUp: "dns" };
}

function readService(word: ConfWord, name: string, report: ValueReport): CoworkerAddress | null {
  if (/^[\w.-]+$/.test(name)) return { host: name, port: PORT, text: word.text, lookUp: "srv" };
  report.error(word, `${quoteWord(word.text)} names no service`, "write it without a port, which DNS tells");
  return null;
}
