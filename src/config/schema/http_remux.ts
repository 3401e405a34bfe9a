import { accepted, directive } from "./row.ts";
import { seconds } from "../values/number.ts";
import { onOff, text } from "../values/type.ts";

/** `http_remux { ... }` of a vhost. */
export const httpRemuxRows = {
  enabled: directive("enabled", onOff(), { default: false, doc: "Whether to serve streams over HTTP." }),
  mount: directive("mount", text(), {
    default: "[vhost]/[app]/[stream].flv",
    doc:
      "URL path of a stream over HTTP and WebSocket; its extension sets the format: `.flv`, `.ts`, `.mp3` or `.aac`.",
  }),
  fastCacheMs: directive("fast_cache", seconds(), {
    default: 0,
    reload: "newClients",
    doc: "How much audio to send at once to a new player of `.mp3` or `.aac`.",
    status: accepted("this server sends audio as it comes"),
  }),
  dropIfNotMatch: directive("drop_if_not_match", onOff(), {
    default: true,
    reload: "newClients",
    doc: "Whether to drop media that the FLV header does not announce, with `guess_has_av off`.",
  }),
  hasAudio: directive("has_audio", onOff(), {
    default: true,
    reload: "newClients",
    doc: "Whether the FLV header announces audio, with `guess_has_av off`.",
  }),
  hasVideo: directive("has_video", onOff(), {
    default: true,
    reload: "newClients",
    doc: "Whether the FLV header announces video, with `guess_has_av off`.",
  }),
  guessHasAv: directive("guess_has_av", onOff(), {
    default: true,
    reload: "newClients",
    doc: "Whether the FLV header announces what the stream has, instead of `has_audio` and `has_video`.",
  }),
};
