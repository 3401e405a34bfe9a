import {
  type AdvertisedAddress,
  type ConnectAddress,
  isIpv4,
  isIpv6,
  type ListenAddress,
  parseHostPort,
  parseListenAddress,
} from "../address.ts";
import { quoteWord } from "../problem.ts";
import type { ConfWord } from "../srs/lexer.ts";
import type { ValueReport, ValueType } from "./type.ts";

const RTMPS_PORT = 443;
const DNS_PORT = 53;

/** One address to listen on. */
export function listenAddress(): ValueType<ListenAddress> {
  return {
    kind: "address",
    takesMany: false,
    read: ([word], fallback, report) => readListen(word, report) ?? fallback,
  };
}

/** Addresses to listen on. */
export function listenAddresses(): ValueType<readonly ListenAddress[]> {
  return {
    kind: "address",
    takesMany: true,
    read: (all, _fallback, report) => all.map((word) => readListen(word, report)).filter((address) => address !== null),
  };
}

function readListen(word: ConfWord, report: ValueReport): ListenAddress | null {
  const address = parseListenAddress(word.text);
  if (!address) {
    const suggestion = /^[A-Za-z]/.test(word.text)
      ? "write an IP address, not a host name"
      : /(?:^|:)\d+$/.test(word.text)
      ? "ports go from 1 to 65535"
      : undefined;
    report.error(word, `${quoteWord(word.text)} is not a port, ip:port or [ipv6]:port`, suggestion);
  }
  return address;
}

/** Servers to pull from: `host[:port]`, or `rtmps://host[:port]`, whose port is 443 where none is written. */
export function origins(port: number): ValueType<readonly ConnectAddress[]> {
  return {
    kind: "address",
    takesMany: true,
    read: (all, _fallback, report) =>
      all.map((word) => readOrigin(word, port, report)).filter((found) => found !== null),
  };
}

/** A DNS server to ask, `ip[:port]`. */
export function nameServer(): ValueType<ConnectAddress | null> {
  return {
    kind: "address",
    takesMany: false,
    read: ([word], _fallback, report) => {
      const address = parseHostPort(word.text);
      if (address && (isIpv4(address.host) || isIpv6(address.host))) {
        return { ...address, port: address.port ?? DNS_PORT };
      }
      report.error(word, `${quoteWord(word.text)} is not ip, ip:port or [ipv6]:port`);
      return null;
    },
  };
}

/** The address that this server gives to others. */
export function advertisedAddress(): ValueType<AdvertisedAddress | null> {
  return { kind: "address", takesMany: false, read: ([word], _fallback, report) => readHostPort(word, report) };
}

function readOrigin(word: ConfWord, port: number, report: ValueReport): ConnectAddress | null {
  const { text } = word;
  const [, authority] = /^rtmps:\/\/([^/?#@]+)\/?$/i.exec(text) ?? [];
  const address = parseHostPort(authority ?? text);
  if (address) return { host: address.host, port: address.port ?? (authority ? RTMPS_PORT : port), text };
  report.error(word, `${quoteWord(text)} is not host, host:port, [ipv6]:port or rtmps://host[:port]`);
  return null;
}

function readHostPort(word: ConfWord, report: ValueReport): AdvertisedAddress | null {
  const address = parseHostPort(word.text);
  if (!address) report.error(word, `${quoteWord(word.text)} is not host, host:port or [ipv6]:port`);
  return address;
}
