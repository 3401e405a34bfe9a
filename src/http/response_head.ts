import { encodeUtf8 } from "../base/bytes.ts";

const reasons: Readonly<Record<number, string>> = {
  101: "Switching Protocols",
  102: "Processing",
  200: "OK",
  204: "No Content",
  206: "Partial Content",
  301: "Moved Permanently",
  302: "Found",
  304: "Not Modified",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  414: "URI Too Long",
  416: "Range Not Satisfiable",
  426: "Upgrade Required",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  501: "Not Implemented",
  503: "Service Unavailable",
  505: "HTTP Version Not Supported",
  508: "Loop Detected",
};

/**
 * Encodes status line and headers, with the empty line behind them.
 *
 * `Headers` takes no line ends, so that no value can begin another header.
 */
export function encodeResponseHead(status: number, headers: Headers): Uint8Array {
  const lines = [`HTTP/1.1 ${status} ${reasons[status] ?? ""}`];
  for (const [name, value] of headers) lines.push(`${name}: ${value}`);
  return encodeUtf8(`${lines.join("\r\n")}\r\n\r\n`);
}
