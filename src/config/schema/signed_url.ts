import { directive } from "./row.ts";
import { onOff, secret, words } from "../values/type.ts";

/** `signed_url { ... }` of a vhost. */
export const signedUrlRows = {
  publish: directive("publish", onOff(), {
    default: false,
    reload: "live",
    extension: true,
    doc: "Whether publishers need a signed address.",
  }),
  play: directive("play", onOff(), {
    default: false,
    reload: "live",
    extension: true,
    doc: "Whether players need a signed address.",
  }),
  key: directive("key", secret(words()), {
    default: [],
    reload: "live",
    extension: true,
    doc: "Secret keys; each of them is good, so that an old one can go when its addresses have expired.",
  }),
};
