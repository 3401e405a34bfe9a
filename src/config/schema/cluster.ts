import { directive } from "./row.ts";
import { origins } from "../values/address.ts";
import { coworkerAddresses } from "../values/coworkers.ts";
import { milliseconds } from "../values/number.ts";
import { oneOf, onOff, secrets, text } from "../values/type.ts";

/** `cluster { ... }` of a vhost. */
export const clusterRows = {
  mode: directive("mode", oneOf(["local", "remote"], "local"), {
    default: "local",
    doc: "`local` makes this server an origin; `remote` makes it an edge, which pulls from origins.",
  }),
  origin: directive("origin", origins(1935), {
    default: [],
    reload: "live",
    doc: "Edge: origins to pull from, `host[:port]`; unlike SRS, also `rtmps://host[:port]`, by default port 443.",
  }),
  originCluster: directive("origin_cluster", onOff(), {
    default: false,
    reload: "live",
    doc: "Origin: whether to ask the coworkers about streams that are not here.",
  }),
  coworkers: directive("coworkers", coworkerAddresses(), {
    default: [],
    reload: "live",
    doc:
      "Origin: HTTP APIs of the other origins, `host:port`. Unlike SRS also names that DNS has addresses of, which are " +
      "looked up every 5 s: `dns+http://name:port` for all addresses of a name, `srv+http://name` for all services of a " +
      "name. A server that finds itself among them leaves itself out.",
  }),
  vhost: directive("vhost", text(), {
    default: "[vhost]",
    reload: "live",
    doc:
      "Edge: vhost to request from the origin, also where a directory is asked for the owner; `[vhost]` stands for " +
      "the player's own.",
  }),
  tokenTraverse: directive("token_traverse", onOff(), {
    default: false,
    reload: "live",
    doc: "Edge: whether an origin must accept each client's connect before the edge does.",
  }),
  debugSrsUpnode: directive("debug_srs_upnode", onOff(), {
    default: true,
    reload: "live",
    doc: "Whether to tell other servers which server pulls from them or forwards to them.",
  }),
  protocol: directive("protocol", oneOf(["rtmp", "flv", "flvs"], "rtmp"), {
    default: "rtmp",
    reload: "live",
    doc: "Edge: protocol to pull with: RTMP, HTTP-FLV, or HTTP-FLV over TLS. The default port of `origin` is then " +
      "1935, 80 or 443.",
  }),
  followClient: directive("follow_client", onOff(), {
    default: false,
    reload: "live",
    doc: "Edge: whether to pull with the player's protocol, RTMP or HTTP-FLV, instead of `protocol`.",
  }),
  redirect: directive("redirect", oneOf(["auto", "always", "never"], "auto"), {
    default: "auto",
    reload: "live",
    extension: true,
    doc: "Origin: whether to redirect players of a stream at another origin, or to serve them through this server; " +
      "`auto` redirects only clients that follow redirects, such as edges.",
  }),
  ownerTimeoutMs: directive("owner_timeout", milliseconds(), {
    default: 10_000,
    reload: "live",
    extension: true,
    doc: "How long a player waits for a stream that nobody has yet before it is told that there is none.",
  }),
  coworkerTimeoutMs: directive("coworker_timeout", milliseconds({ min: 1 }), {
    default: 1000,
    reload: "live",
    extension: true,
    doc: "Origin: how long to wait for the answers of the coworkers, who are all asked at once.",
  }),
  coworkerToken: directive("coworker_token", secrets(2), {
    default: [],
    reload: "live",
    extension: true,
    doc: "Origin: secret that coworkers show each other; without it, anybody may ask who has a stream, as in SRS. A " +
      "second one is accepted but not sent: to change the secret, put the new one first on every origin, then remove " +
      "the old one.",
  }),
  coworkerProof: directive("coworker_proof", oneOf(["token", "hmac"], "token"), {
    default: "token",
    reload: "live",
    extension: true,
    doc: "Origin: what to send to coworkers: the `coworker_token` itself (`token`), or a proof of it (`hmac`), an " +
      "HMAC-SHA256 over time and question that is valid for a minute, and for one server if it changes something. " +
      "Origins accept both.",
  }),
  lingerMs: directive("linger", milliseconds(), {
    default: 2000,
    reload: "live",
    extension: true,
    doc: "How long to keep pulling a stream after its last player has left.",
  }),
  connectTimeoutMs: directive("connect_timeout", milliseconds({ min: 1 }), {
    default: 1000,
    reload: "live",
    extension: true,
    doc: "Time limit for the TCP connection to the server to pull from.",
  }),
  handshakeTimeoutMs: directive("handshake_timeout", milliseconds({ min: 1 }), {
    default: 1000,
    reload: "live",
    extension: true,
    doc: "Time limit for each answer of the server to pull from: to the handshake, to connect and to createStream.",
  }),
  firstMediaTimeoutMs: directive("first_media_timeout", milliseconds({ min: 1 }), {
    default: 2000,
    reload: "live",
    extension: true,
    doc: "Time limit from play to the first media when pulling.",
  }),
  idleTimeoutMs: directive("idle_timeout", milliseconds({ min: 1 }), {
    default: 3000,
    reload: "live",
    extension: true,
    doc:
      "How long the server pulled from may send nothing before another one is looked for; it may still go on first. A stream that never pauses is looked for after 1 s.",
  }),
};
