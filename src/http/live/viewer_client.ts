import { formatHost, type StreamUrl } from "../../rtmp/url.ts";
import type { AdmissionClient } from "../../server/access/admission.ts";
import type { LiveHost } from "./live_answer.ts";

/** A viewer as those see it who judge whether it is let in. Its address is the one of its connection. */
export function admissionClient(host: LiveHost, url: StreamUrl, pageUrl: string): AdmissionClient {
  return {
    id: host.id,
    remoteIp: host.remoteIp,
    tcUrl: hookTcUrl(url),
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

/** As SRS makes one for hooks: the vhost, not the host that the client used. */
function hookTcUrl({ vhost, app }: StreamUrl): string {
  return `rtmp://${vhost}/${app}`;
}

/** The address that the API shows, as SRS does: the host that a client used. */
export function shownTcUrl({ host, app }: StreamUrl): string {
  return `rtmp://${formatHost(host)}/${app}`;
}
