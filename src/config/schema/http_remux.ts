import { accepted, directive } from "./row.ts";
import { seconds } from "../values/number.ts";
import { onOff, text } from "../values/type.ts";

/** `http_remux { ... }` of a vhost. */
export const httpRemuxRows = {
  enabled: directive("enabled", onOff(), { default: false, doc: "Whether streams are served over HTTP." }),
  mount: directive("mount", text(), {
    default: "[vhost]/[app]/[stream].flv",
    doc: "Path of a stream over HTTP and web sockets; its end chooses the format, .flv, .ts, .mp3 or .aac.",
  }),
  fastCacheMs: directive("fast_cache", seconds(), {
    default: 0,
    reload: "newClients",
    doc: "Audio sent at once to a new player of .mp3 or .aac.",
    status: accepted("audio goes out as it comes"),
  }),
  dropIfNotMatch: directive("drop_if_not_match", onOff(), {
    default: true,
    reload: "newClients",
    doc: "Whether media that the FLV header does not announce is dropped.",
  }),
  hasAudio: directive("has_audio", onOff(), {
    default: true,
    reload: "newClients",
    doc: "Whether the FLV header announces audio.",
  }),
  hasVideo: directive("has_video", onOff(), {
    default: true,
    reload: "newClients",
    doc: "Whether the FLV header announces video.",
  }),
  guessHasAv: directive("guess_has_av", onOff(), {
    default: true,
    reload: "newClients",
    doc: "Whether the first media decides what the FLV header announces.",
  }),
};
