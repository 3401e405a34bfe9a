import type { StreamUrl } from "../../rtmp/url.ts";
import type { AdmissionClient } from "../../server/access/admission.ts";
import type { ClientEntry } from "../../server/client_registry.ts";
import type { PlayCursor } from "../../stream/play_cursor.ts";
import { RateMeter } from "../../stream/stats.ts";
import type { LiveHost } from "./live_answer.ts";

/** What a viewer's entry in the book of clients is made of, besides its connection. */
export interface ViewerFacts {
  readonly url: StreamUrl;
  readonly pageUrl: string;
  readonly nowMs: number;
  readonly cursor: Pick<PlayCursor, "droppedPackets">;
}

/** A viewer as those see it who judge whether it is let in. Its address is the one of its connection. */
export function admissionClient(host: LiveHost, url: StreamUrl, pageUrl: string): AdmissionClient {
  return {
    id: host.id,
    remoteIp: host.remoteIp,
    tcUrl: tcUrlOf(url),
    pageUrl,
    swfUrl: "",
    args: {},
    log: host.log,
    get bytesIn() {
      return host.bytesIn;
    },
    get bytesOut() {
      return host.bytesOut;
    },
  };
}

/** A viewer as the API shows it. */
export function registryEntry(host: LiveHost, { url, pageUrl, nowMs, cursor }: ViewerFacts): ClientEntry {
  return {
    id: host.id,
    type: "flv-play",
    url,
    tcUrl: tcUrlOf(url),
    pageUrl,
    swfUrl: "",
    ip: host.remoteIp,
    sinceMs: nowMs,
    recv: new RateMeter(),
    send: new RateMeter(),
    bytesIn: () => host.bytesIn,
    bytesOut: () => host.bytesOut,
    dropped: () => cursor.droppedPackets,
    kick: () => host.close("kicked", "by the HTTP API"),
  };
}

/** As SRS makes one for HTTP clients: the vhost, not the host that the client used. */
function tcUrlOf({ vhost, app }: StreamUrl): string {
  return `rtmp://${vhost}/${app}`;
}
