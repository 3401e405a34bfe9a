import { decodeUtf8, equalBytes } from "../base/bytes.ts";
import { isFieldText, isToken, MAX_FIELDS, parseHeaderFields } from "./fields.ts";
import type { FieldReader } from "../base/field_reader.ts";
import { MessageFields } from "./message_fields.ts";

/** The first part of an HTTP/1 request, read. */
export interface RequestHead {
  readonly method: string;
  /** Path and query as sent. */
  readonly target: string;
  /** Host and port that the client used; empty if it does not say. */
  readonly host: string;
  /** 1 in HTTP/1.1. */
  readonly minorVersion: 0 | 1;
  readonly headers: FieldReader;
  /** What follows belongs to a body. */
  readonly hasBody: boolean;
  /** The client may send another request after this one. */
  readonly keepsAlive: boolean;
}

/** Why a request is not understood: the answer to it. */
export interface HeadRefusal {
  readonly status: 400 | 431 | 501 | 505;
  readonly message: string;
}

/** Longest headers that are remembered: one connection's. */
const MAX_KNOWN_BYTES = 4096;
const CR = 13;
const LF = 10;

/**
 * Reads the heads of one connection: request line and headers, without the empty line at their end. Clients send the same
 * headers over and over; those of the request before are not read again.
 *
 * Strict where two readers of one request could disagree: line ends, folded lines, lengths given twice. Bytes beyond
 * ASCII are let pass in the target, where SRS sends names as they are.
 *
 * Source: RFC 9112.
 */
export class RequestHeadReader {
  /** Bytes of {@link #known}. */
  #knownBytes: Uint8Array = new Uint8Array(0);
  #known: MessageFields | null = null;

  read(bytes: Uint8Array): RequestHead | HeadRefusal {
    const end = endOfLine(bytes);
    const [, method = "", target = "", major, minor] =
      /^(\S+) (\S+) HTTP\/(\d)\.(\d)$/.exec(latin1(bytes.subarray(0, end))) ?? [];
    if (!isToken(method)) return { status: 400, message: "not an HTTP request" };
    if (major !== "1") return { status: 505, message: "only HTTP/1 is supported" };
    if (!isFieldText(target)) return { status: 400, message: "control character in the request target" };
    const headers = this.#fields(bytes.subarray(end));
    if (!(headers instanceof MessageFields)) return headers;
    return finishHead(method, utf8(target), minor === "0" ? 0 : 1, headers);
  }

  /** @param bytes With the line end before the first of them; empty for none. */
  #fields(bytes: Uint8Array): MessageFields | HeadRefusal {
    if (this.#known !== null && equalBytes(bytes, this.#knownBytes)) return this.#known;
    const fields = readFields(latin1(bytes).split("\r\n").slice(1));
    if (fields instanceof MessageFields && bytes.length <= MAX_KNOWN_BYTES) {
      this.#known = fields;
      this.#knownBytes = bytes.slice();
    }
    return fields;
  }
}

/** Reads one head, as {@link RequestHeadReader}. */
export function parseRequestHead(bytes: Uint8Array): RequestHead | HeadRefusal {
  return new RequestHeadReader().read(bytes);
}

function endOfLine(bytes: Uint8Array): number {
  for (let at = 0; at + 1 < bytes.length; at++) if (bytes[at] === CR && bytes[at + 1] === LF) return at;
  return bytes.length;
}

function finishHead(
  method: string,
  target: string,
  minorVersion: 0 | 1,
  headers: FieldReader,
): RequestHead | HeadRefusal {
  const absolute = /^https?:\/\/([^/?#]*)(.*)$/i.exec(target);
  const host = absolute?.[1] ?? headers.get("host") ?? "";
  // A comma stands for a second header, which another reader might prefer.
  if (!/^(?:\[[\da-f:.]*\]|[^\s,/?#@[\]:]*)(?::\d*)?$/i.test(host) || (minorVersion === 1 && !headers.has("host"))) {
    return { status: 400, message: "exactly one valid Host header is required" };
  }
  const asked = absolute === null ? target : absolute[2]!.replace(/^(?!\/)/, "/");
  if (!asked.startsWith("/") && !(method === "OPTIONS" && asked === "*")) {
    return { status: 400, message: "the address must begin with a slash" };
  }
  const body = readBodyLength(headers);
  if (typeof body !== "boolean") return body;
  const connection = headers.get("connection")?.toLowerCase() ?? "";
  return {
    method,
    target: asked,
    host,
    minorVersion,
    headers,
    hasBody: body,
    keepsAlive: !body && (minorVersion === 1 ? !connection.includes("close") : connection.includes("keep-alive")),
  };
}

function readFields(lines: readonly string[]): MessageFields | HeadRefusal {
  const fields = parseHeaderFields(lines);
  if (fields === "tooMany") return { status: 431, message: `more than ${MAX_FIELDS} headers` };
  return fields === "broken" ? { status: 400, message: "malformed header" } : new MessageFields(fields);
}

/** Whether there is a body; it is never read. */
function readBodyLength(headers: FieldReader): boolean | HeadRefusal {
  const length = headers.get("content-length");
  const coding = headers.get("transfer-encoding");
  if (coding !== null) {
    if (length !== null) return { status: 400, message: "both Content-Length and Transfer-Encoding" };
    return coding.toLowerCase() === "chunked" || { status: 501, message: "unsupported Transfer-Encoding" };
  }
  if (length === null) return false;
  return /^\d{1,15}$/.test(length) ? Number(length) > 0 : { status: 400, message: "malformed Content-Length" };
}

/** One character a byte. */
function latin1(bytes: Uint8Array): string {
  // By far most heads have nothing else.
  if (isAscii(bytes)) return decodeUtf8(bytes);
  let text = "";
  for (let at = 0; at < bytes.length; at += 4096) text += String.fromCharCode(...bytes.subarray(at, at + 4096));
  return text;
}

function isAscii(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if (bytes[i]! >= 0x80) return false;
  return true;
}

/** Characters that stand for bytes, as the UTF-8 that they are. */
function utf8(text: string): string {
  return /^[\x21-\x7e]*$/.test(text) ? text : decodeUtf8(Uint8Array.from(text, (char) => char.charCodeAt(0)));
}
