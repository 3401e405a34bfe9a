import { directive } from "../schema.ts";
import { onOff, words } from "../value_type.ts";

function hook(name: string, doc: string) {
  return directive(name, words(), { default: [], reload: "live", doc: `URLs called ${doc}.` });
}

/** `http_hooks { ... }` of a vhost. */
export const httpHooksRows = {
  enabled: directive("enabled", onOff(), { default: false, reload: "live", doc: "Whether URLs are called." }),
  onConnect: hook("on_connect", "when a client connects; may refuse it"),
  onClose: hook("on_close", "when a client leaves"),
  onPublish: hook("on_publish", "when a client wants to publish; may refuse it"),
  onUnpublish: hook("on_unpublish", "when a publisher ends"),
  onPlay: hook("on_play", "when a client wants to play; may refuse it"),
  onStop: hook("on_stop", "when a player ends"),
  onDvr: hook("on_dvr", "when a recording is complete"),
  onHls: hook("on_hls", "when an HLS segment is complete"),
  onHlsNotify: hook("on_hls_notify", "to fetch each new HLS segment"),
};
