import { STATUS_CODES } from "node:http";
import { encodeUtf8 } from "../base/bytes.ts";

/**
 * Encodes the status line and headers, with the empty line after them.
 *
 * `Headers` takes no line ends, so that no value can begin another header.
 */
export function encodeResponseHead(status: number, headers: Headers): Uint8Array {
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`];
  for (const [name, value] of headers) lines.push(`${name}: ${value}`);
  return encodeUtf8(`${lines.join("\r\n")}\r\n\r\n`);
}
