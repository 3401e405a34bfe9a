import type { StreamUrl } from "../../rtmp/url.ts";
import type { Identity } from "../identity.ts";

/** What a hook is told of; SRS's names. */
export type HookAction =
  | "on_connect"
  | "on_close"
  | "on_publish"
  | "on_unpublish"
  | "on_play"
  | "on_stop"
  | "on_hls"
  | "on_dvr"
  | "on_forward";

/** A segment that was written, in the words of SRS. */
export interface HlsSegmentFile {
  /** In seconds. */
  readonly duration: number;
  readonly cwd: string;
  readonly file: string;
  readonly url: string;
  readonly m3u8: string;
  readonly "m3u8_url": string;
  readonly "seq_no": number;
}

/** The client that a hook is told of, and its stream. */
export interface HookSubject {
  readonly client: {
    /** As in the API and in log lines. */
    readonly id: string;
    readonly remoteIp: string;
    readonly tcUrl: string;
    readonly pageUrl: string;
    readonly bytesIn: number;
    readonly bytesOut: number;
  };
  readonly url: StreamUrl;
  /** As in the API. */
  readonly streamId: string;
  /** The segment that is complete, for `on_hls`. */
  readonly segment?: HlsSegmentFile;
  /** The recording that is complete, for `on_dvr`: a path, relative to the working directory unless it is absolute. */
  readonly file?: { readonly cwd: string; readonly file: string; readonly epoch?: number; readonly part?: number };
}

/**
 * What is posted to a hook.
 *
 * Members are SRS 7's (`SrsHttpHooks`); `param` begins with `?`, `stream_url` is the name that the API shows as `url`.
 */
export function hookPayload(action: HookAction, { serverId, serviceId }: Identity, subject: HookSubject) {
  const { client, url } = subject;
  return {
    server_id: serverId,
    service_id: serviceId,
    action,
    client_id: client.id,
    ip: client.remoteIp,
    vhost: url.vhost,
    app: url.app,
    ...actionMembers(action, subject),
  };
}

function actionMembers(action: HookAction, subject: HookSubject): Record<string, string | number> {
  const { client, url } = subject;
  if (action === "on_close") return { send_bytes: client.bytesOut, recv_bytes: client.bytesIn };
  const common = { tcUrl: client.tcUrl, stream: url.stream, param: url.query };
  switch (action) {
    case "on_forward":
      return common;
    case "on_connect":
      return { ...common, pageUrl: client.pageUrl };
    case "on_hls":
      return { ...common, ...subject.segment, ...streamMembers(subject) };
    case "on_dvr":
      return { ...common, ...subject.file, ...streamMembers(subject) };
    case "on_play":
      return { ...common, ...streamMembers(subject), pageUrl: client.pageUrl };
    default:
      return { ...common, ...streamMembers(subject) };
  }
}

function streamMembers({ url, streamId }: HookSubject): Record<string, string> {
  return { stream_url: url.key, stream_id: streamId };
}
