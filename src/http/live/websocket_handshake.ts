import type { FieldReader } from "../../base/field_reader.ts";
import { encodeUtf8 } from "../../base/bytes.ts";
import { refusal } from "../envelope.ts";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** True for a request that wants to become a WebSocket. */
export function isWebSocketRequest(headers: FieldReader): boolean {
  return headers.get("upgrade")?.toLowerCase() === "websocket";
}

/**
 * What is wrong with a request for a WebSocket, as the answer to it; null when nothing is.
 *
 * Browsers let any page open one, whatever the server says about other web sites: with `crossdomain off` pages of other
 * hosts are refused here. Source: RFC 6455 §4.2.
 */
export function refuseWebSocket(headers: FieldReader, host: string, crossdomain: boolean): Response | null {
  if (headers.get("sec-websocket-version") !== "13") {
    const answer = refusal(426, "only WebSocket version 13 is supported");
    answer.headers.set("sec-websocket-version", "13");
    return answer;
  }
  const isWhole = /^[\w+/]{22}==$/.test(headers.get("sec-websocket-key") ?? "") &&
    headers.get("connection")?.toLowerCase().includes("upgrade");
  if (!isWhole) return refusal(400, "malformed WebSocket handshake");
  const origin = headers.get("origin");
  if (!crossdomain && origin !== null && !isSameHost(origin, host)) {
    return refusal(403, "pages of other hosts may not play streams here (http_server.crossdomain)");
  }
  return null;
}

/** Headers of the answer that turns the connection into a WebSocket. */
export async function acceptWebSocket(headers: FieldReader): Promise<Headers> {
  const key = `${headers.get("sec-websocket-key")}${GUID}`;
  const digest = await crypto.subtle.digest("SHA-1", new Uint8Array(encodeUtf8(key)));
  return new Headers({
    upgrade: "websocket",
    connection: "Upgrade",
    "sec-websocket-accept": btoa(String.fromCharCode(...new Uint8Array(digest))),
  });
}

function isSameHost(origin: string, host: string): boolean {
  return origin.replace(/^https?:\/\//i, "").toLowerCase() === host.toLowerCase();
}
