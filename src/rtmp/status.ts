import type { AmfObject } from "../amf/amf0.ts";

/** SRS puts this into every stream status; some Flash clients want one to be there. */
const CLIENT_ID = "ASAICiss";

/** One answer that a server gives by `onStatus` or `_error`. */
interface StatusRow {
  level: "status" | "warning" | "error";
  code: string;
  description: string;
  /** Play statuses of SRS carry `details: "stream"`. */
  details?: string;
}

/** Every status this server sends. Source: RTMP 1.0 §7.2.2; texts of the first group as SRS sends them. */
const rows = {
  connectSuccess: { level: "status", code: "NetConnection.Connect.Success", description: "Connection succeeded" },
  publishStart: { level: "status", code: "NetStream.Publish.Start", description: "Started publishing stream." },
  unpublishSuccess: { level: "status", code: "NetStream.Unpublish.Success", description: "Stream is now unpublished" },
  playReset: {
    level: "status",
    code: "NetStream.Play.Reset",
    description: "Playing and resetting stream.",
    details: "stream",
  },
  playStart: {
    level: "status",
    code: "NetStream.Play.Start",
    description: "Started playing stream.",
    details: "stream",
  },
  playPublishNotify: {
    level: "status",
    code: "NetStream.Play.PublishNotify",
    description: "The publisher has changed.",
  },
  pauseNotify: { level: "status", code: "NetStream.Pause.Notify", description: "Paused stream." },
  unpauseNotify: { level: "status", code: "NetStream.Unpause.Notify", description: "Unpaused stream." },

  connectRejected: { level: "error", code: "NetConnection.Connect.Rejected", description: "Connection refused." },
  reconnectRequest: {
    level: "status",
    code: "NetConnection.Connect.ReconnectRequest",
    description: "The server is about to stop.",
  },

  publishBadName: { level: "error", code: "NetStream.Publish.BadName", description: "Stream is already published." },
  publishDenied: { level: "error", code: "NetStream.Publish.Denied", description: "Publishing is not allowed." },
  playStreamNotFound: { level: "error", code: "NetStream.Play.StreamNotFound", description: "Stream not found." },
  playFailed: { level: "error", code: "NetStream.Play.Failed", description: "Playing is not allowed." },
  playUnpublishNotify: {
    level: "status",
    code: "NetStream.Play.UnpublishNotify",
    description: "The publisher has left.",
  },
  playStop: { level: "status", code: "NetStream.Play.Stop", description: "Stopped playing stream." },
} as const satisfies Record<string, StatusRow>;

/** Name of a status in the table. */
export type StatusName = keyof typeof rows;

/**
 * The info object of a status.
 *
 * @param description Replaces the text of the table, to say more of the reason.
 * @param more Further members, which follow.
 */
export function statusInfo(name: StatusName, description?: string, more: AmfObject = {}): AmfObject {
  const row: StatusRow = rows[name];
  const info: AmfObject = { level: row.level, code: row.code, description: description ?? row.description };
  if (row.details !== undefined) info.details = row.details;
  info.clientid = CLIENT_ID;
  return { ...info, ...more };
}

/** Code of a status, such as `NetStream.Play.Start`. */
export function statusCode(name: StatusName): string {
  return rows[name].code;
}

/**
 * Info object of SRS's RTMP 302, `ex.redirect` and `ex.redirect2` included.
 *
 * @param url Full address of the stream, `rtmp://host:port/app/stream?query`.
 * Source: SRS 4 to 7 `SrsRtmpServer::redirect`; `redirect` is the address up to the stream, for SRS 3 alphas.
 */
export function redirectInfo(url: string): AmfObject {
  const end = url.indexOf("?") < 0 ? url.length : url.indexOf("?");
  const tcUrl = url.slice(0, url.lastIndexOf("/", end));
  return {
    level: "error",
    code: statusCode("connectRejected"),
    description: "RTMP 302 Redirect",
    ex: { code: 302, redirect: tcUrl, redirect2: url },
  };
}
