import { directive, type Status, unsupported } from "./row.ts";
import { milliseconds } from "../values/number.ts";
import { onOff } from "../values/type.ts";
import { httpUrls } from "../values/url.ts";

function hook(name: string, doc: string, status?: Status) {
  const options = { default: [], reload: "live", doc: `URLs called ${doc}.` } as const;
  return directive(name, httpUrls(), status === undefined ? options : { ...options, status });
}

const noHls = unsupported("no HLS is written");

/** `http_hooks { ... }` of a vhost. */
export const httpHooksRows = {
  enabled: directive("enabled", onOff(), { default: false, reload: "live", doc: "Whether URLs are called." }),
  onConnect: hook("on_connect", "when a client connects; may refuse it"),
  onClose: hook("on_close", "when a client leaves"),
  onPublish: hook("on_publish", "when a client wants to publish; may refuse it"),
  onUnpublish: hook("on_unpublish", "when a publisher ends"),
  onPlay: hook("on_play", "when a client wants to play; may refuse it"),
  onStop: hook("on_stop", "when a player ends"),
  onDvr: hook("on_dvr", "when a recording is complete", unsupported("nothing is recorded")),
  onHls: hook("on_hls", "when an HLS segment is complete", noHls),
  onHlsNotify: hook("on_hls_notify", "to fetch each new HLS segment", noHls),
  timeoutMs: directive("timeout", milliseconds({ min: 1 }), {
    default: 5000,
    reload: "live",
    extension: true,
    doc: "Time for one call; a hook that may refuse refuses by its silence. In SRS it is 30 s.",
  }),
};
