import { directive } from "./row.ts";
import { milliseconds } from "../values/number.ts";
import { onOff } from "../values/type.ts";
import { httpUrls } from "../values/url.ts";

function hook(name: string, doc: string) {
  return directive(name, httpUrls(), { default: [], reload: "live", doc: `URLs to call ${doc}.` });
}

/** `http_hooks { ... }` of a vhost. */
export const httpHooksRows = {
  enabled: directive("enabled", onOff(), { default: false, reload: "live", doc: "Whether to call the URLs." }),
  onConnect: hook("on_connect", "when a client connects; each can refuse it"),
  onClose: hook("on_close", "when a client disconnects"),
  onPublish: hook("on_publish", "when a client wants to publish; each can refuse it"),
  onUnpublish: hook("on_unpublish", "when a publisher stops"),
  onPlay: hook("on_play", "when a client wants to play; each can refuse it"),
  onStop: hook("on_stop", "when a player stops"),
  onDvr: hook("on_dvr", "when a recording is complete"),
  onHls: hook("on_hls", "when an HLS segment was written to `hls_path`"),
  onHlsNotify: hook(
    "on_hls_notify",
    "(GET) to have each new HLS segment fetched; `[server_id]`, `[app]`, `[stream]`, `[param]` and `[ts_url]` are replaced",
  ),
  timeoutMs: directive("timeout", milliseconds({ min: 1 }), {
    default: 5000,
    reload: "live",
    extension: true,
    doc: "Time limit for one call, 30 s in SRS. No answer from a URL that can refuse counts as a refusal.",
  }),
};
