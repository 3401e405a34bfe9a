import { RequestDenied } from "../base/errors.ts";
import { describeRefusal, type RedirectPolicy } from "../upstream/redirect_policy.ts";
import { parseTarget } from "../upstream/target.ts";
import type { CommandArgs } from "./command.ts";
import { UsageError } from "./parse_args.ts";
import { formatHost, impossiblePort, parseRtmpAddress, parseStreamUrl, type StreamUrl } from "../rtmp/url.ts";

/** A stream at a server, as a client asks for it. */
export interface StreamTarget {
  host: string;
  port: number;
  /** Asked over TLS: rtmps. */
  tls: boolean;
  /** `host:port`; with TLS, behind `rtmps://`. */
  text: string;
  /** Full address. */
  url: string;
  tcUrl: string;
  app: string;
  /** Stream with its parameters. */
  name: string;
  /** The same in pieces, as a server reads them. */
  parts: StreamUrl;
}

/**
 * Reads the address that a user typed.
 *
 * @throws {RequestDenied} If it is none, with what is wrong in words.
 */
export function parseStreamTarget(address: string): StreamTarget {
  const cut = parseRtmpAddress(address);
  if (cut === null || !/^rtmps?:\/\//i.test(address)) {
    throw new RequestDenied(
      "RtmpTcUrl",
      `"${address}" is not a stream address: expected rtmp[s]://host[:port]/app/stream`,
    );
  }
  const port = impossiblePort(address);
  if (port !== null) {
    throw new RequestDenied("RtmpTcUrl", `"${address}" has the port ${port}: expected a port from 1 to 65535`);
  }
  try {
    return toTarget(parseStreamUrl(address, ""), cut.tls);
  } catch (error) {
    if (!(error instanceof RequestDenied) || error.codeName !== "StreamNameEmpty") throw error;
    throw new RequestDenied("RtmpTcUrl", `"${address}" has no stream name: expected rtmp[s]://host[:port]/app/stream`);
  }
}

/** The one argument of a command that takes a stream. @throws {UsageError} If it is missing or makes no sense. */
export function readStreamArgument({ positional }: CommandArgs): StreamTarget {
  const [address, ...more] = positional;
  if (address === undefined) throw new UsageError("the stream address is missing: rtmp[s]://host[:port]/app/stream");
  if (more.length > 0) throw new UsageError(`expected one stream address, got ${positional.length}`);
  try {
    return parseStreamTarget(address);
  } catch (error) {
    throw error instanceof RequestDenied ? new UsageError(error.message) : error;
  }
}

function toTarget(parts: StreamUrl, tls: boolean): StreamTarget {
  const { host, port, app, stream, query } = parts;
  const server = `${formatHost(host)}:${port}`;
  const tcUrl = `${tls ? "rtmps" : "rtmp"}://${server}/${app}`;
  const name = `${stream}${query}`;
  return {
    host,
    port,
    tls,
    text: tls ? `rtmps://${server}` : server,
    url: `${tcUrl}/${name}`,
    tcUrl,
    app,
    name,
    parts,
  };
}

/**
 * Where a redirect or a reconnect request leads: a full address, one without the stream (as of SRS 3), a relative one
 * (enhanced RTMP), or nothing for the same server. What it leaves out stays as it was. Null if it cannot be read.
 */
export function resolveRedirect(from: StreamTarget, address: string): StreamTarget | null {
  if (address === "") return from;
  const scheme = from.tls ? "rtmps" : "rtmp";
  const absolute = address.startsWith("//")
    ? `${scheme}:${address}`
    : address.startsWith("/")
    ? `${scheme}://${formatHost(from.host)}:${from.port}${address}`
    : address;
  const server = parseTarget(absolute);
  if (server === null) return null;
  const cut = parseRtmpAddress(absolute.includes("//") ? absolute : `rtmp://${absolute}/`);
  const path = cut?.path.replace(/\/+$/, "") ?? "";
  const { host, port, tls = false } = server;
  // An app alone is the server's tcUrl: the stream is the one that was asked for.
  if (path === "" || path === from.app || !path.includes("/")) {
    return toTarget({ ...from.parts, host, port, app: path || from.app }, tls);
  }
  try {
    return toTarget(parseStreamUrl(absolute, ""), tls);
  } catch {
    return null;
  }
}

/**
 * Follows a redirect, if the policy lets it.
 *
 * @param remoteIp Address of the server that sent it.
 * @returns Where to go, or in words why not.
 */
export function followRedirect(
  policy: RedirectPolicy,
  from: StreamTarget,
  address: string,
  remoteIp: string,
): StreamTarget | string {
  const next = resolveRedirect(from, address);
  if (next === null) return `${from.text}: redirect to "${address}" not followed: it is not an RTMP address`;
  const refusal = policy.refuse(from, next, remoteIp);
  if (refusal === null) return next;
  return `${from.text}: redirect to ${next.text} not followed: ${describeRefusal(refusal)}`;
}
