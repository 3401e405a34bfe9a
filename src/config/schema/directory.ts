import { engineUrl, engineUrls } from "../values/engine_url.ts";
import { milliseconds } from "../values/number.ts";
import { onOff, text } from "../values/type.ts";
import { directive } from "./row.ts";

const MAX_PEERS = 16;

/** `directory { ... }`. */
export const directoryRows = {
  enabled: directive("enabled", onOff(), {
    default: false,
    extension: true,
    doc: "Whether servers tell each other through an engine who has which stream.",
  }),
  url: directive("url", engineUrl(), {
    default: null,
    extension: true,
    doc: "The engine: `redis://[user:password@]host[:port][/database]`, `rediss://` with TLS, or " +
      "`redis+sentinel://host[:port],host[:port]/name[/database]`. Write `%40` for `@` in a password.",
  }),
  keyPrefix: directive("key_prefix", text(), {
    default: "srs:",
    extension: true,
    doc: "What stands before the names of all keys: one for each cluster that shares the engine.",
  }),
  nodeTtlMs: directive("node_ttl", milliseconds({ min: 300, max: 600_000, outside: "error" }), {
    default: 6000,
    extension: true,
    doc: "How long a server counts as alive that the engine does not hear of; servers report three times as often. " +
      "The same on all servers.",
  }),
  region: directive("region", text(), {
    default: "",
    extension: true,
    doc: "Where this server stands, as the others are told.",
  }),
  peers: directive("peers", engineUrls(MAX_PEERS), {
    default: [],
    extension: true,
    doc:
      "Engines of other regions. They are asked about streams that the own engine does not know, and never written " +
      "to.",
  }),
};
