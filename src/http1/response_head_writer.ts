import { STATUS_CODES } from "node:http";
import { encodeUtf8 } from "../base/bytes.ts";

/** The status line and headers, with the empty line after them. No value of `fields` may have a line end in it. */
export function responseHeadText(status: number, fields: Iterable<[name: string, value: string]>): string {
  let text = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n`;
  for (const [name, value] of fields) text += `${name}: ${value}\r\n`;
  return `${text}\r\n`;
}

/**
 * Encodes the status line and headers, with the empty line after them.
 *
 * `Headers` takes no line ends, so that no value can begin another header.
 */
export function encodeResponseHead(status: number, headers: Headers): Uint8Array {
  return encodeUtf8(responseHeadText(status, headers));
}
