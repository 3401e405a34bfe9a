import { directive } from "./row.ts";
import { onOff, secret, words } from "../values/type.ts";

/** `signed_url { ... }` of a vhost. */
export const signedUrlRows = {
  publish: directive("publish", onOff(), {
    default: false,
    reload: "live",
    extension: true,
    doc: "Whether publishers need a signed URL.",
  }),
  play: directive("play", onOff(), {
    default: false,
    reload: "live",
    extension: true,
    doc: "Whether players need a signed URL.",
  }),
  key: directive("key", secret(words()), {
    default: [],
    reload: "live",
    extension: true,
    doc: "Secret keys, all of them valid; remove an old one when the URLs signed with it have expired.",
  }),
};
