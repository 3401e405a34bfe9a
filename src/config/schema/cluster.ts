import { directive } from "./row.ts";
import { endpoints, origins } from "../values/address.ts";
import { milliseconds } from "../values/number.ts";
import { oneOf, onOff, secrets, text } from "../values/type.ts";

/** `cluster { ... }` of a vhost. */
export const clusterRows = {
  mode: directive("mode", oneOf(["local", "remote"], "local"), {
    default: "local",
    doc: "`local`: origin; `remote`: edge, which pulls from origins.",
  }),
  origin: directive("origin", origins(1935), {
    default: [],
    reload: "live",
    doc: "Edge: origins to pull from, host[:port]; beyond SRS also rtmps://host[:port], port 443.",
  }),
  originCluster: directive("origin_cluster", onOff(), {
    default: false,
    reload: "live",
    doc: "Origin: whether to ask the coworkers who has a stream that is not here.",
  }),
  coworkers: directive("coworkers", endpoints(80, "the port of the coworker's HTTP API is expected"), {
    default: [],
    reload: "live",
    doc: "Origin: HTTP APIs of the other origins, host:port.",
  }),
  vhost: directive("vhost", text(), {
    default: "[vhost]",
    reload: "live",
    doc: "Edge: vhost asked of the origin; `[vhost]` stands for the player's.",
  }),
  tokenTraverse: directive("token_traverse", onOff(), {
    default: false,
    reload: "live",
    doc: "Edge: whether an origin must accept each client's connect first.",
  }),
  debugSrsUpnode: directive("debug_srs_upnode", onOff(), {
    default: true,
    reload: "live",
    doc: "Edge: whether to tell origins who is pulling.",
  }),
  protocol: directive("protocol", oneOf(["rtmp", "flv", "flvs"], "rtmp"), {
    default: "rtmp",
    reload: "newClients",
    doc:
      "Edge: how to pull: over RTMP, HTTP-FLV, or HTTP-FLV over TLS. An `origin` without a port has port 1935, 80 or 443.",
  }),
  followClient: directive("follow_client", onOff(), {
    default: false,
    reload: "newClients",
    doc: "Edge: whether to pull by the protocol of the player, RTMP or HTTP-FLV.",
  }),
  redirect: directive("redirect", oneOf(["auto", "always", "never"], "auto"), {
    default: "auto",
    reload: "live",
    extension: true,
    doc: "Origin: players of a stream elsewhere are redirected, or served through here; `auto` redirects edges only.",
  }),
  ownerTimeoutMs: directive("owner_timeout", milliseconds(), {
    default: 10_000,
    reload: "live",
    extension: true,
    doc: "Origin: how long a player is held while nobody has the stream and the coworkers are asked again.",
  }),
  coworkerTimeoutMs: directive("coworker_timeout", milliseconds({ min: 1 }), {
    default: 1000,
    reload: "live",
    extension: true,
    doc: "Origin: time for one question to all coworkers at once.",
  }),
  coworkerToken: directive("coworker_token", secrets(2), {
    default: [],
    reload: "live",
    extension: true,
    doc:
      "Origin: secret by which coworkers know each other; without it anybody may ask who has a stream, as in SRS. A second one is accepted too, but not sent: to change the secret, put the new one first everywhere, then drop the old one.",
  }),
  coworkerProof: directive("coworker_proof", oneOf(["token", "hmac"], "token"), {
    default: "token",
    reload: "live",
    extension: true,
    doc:
      "Origin: what is sent to coworkers: the `coworker_token` itself, or a proof of it (HMAC-SHA256 over time and question, good for a minute). Both are accepted.",
  }),
  lingerMs: directive("linger", milliseconds(), {
    default: 2000,
    reload: "live",
    extension: true,
    doc: "Edge: how long a pull goes on after its last player left.",
  }),
  connectTimeoutMs: directive("connect_timeout", milliseconds({ min: 1 }), {
    default: 1000,
    reload: "live",
    extension: true,
    doc: "Edge: time for the TCP connection to an origin.",
  }),
  handshakeTimeoutMs: directive("handshake_timeout", milliseconds({ min: 1 }), {
    default: 1000,
    reload: "live",
    extension: true,
    doc: "Edge: time for handshake, connect and createStream at an origin.",
  }),
  firstMediaTimeoutMs: directive("first_media_timeout", milliseconds({ min: 1 }), {
    default: 2000,
    reload: "live",
    extension: true,
    doc: "Edge: time from play to the first media of an origin.",
  }),
  idleTimeoutMs: directive("idle_timeout", milliseconds({ min: 1 }), {
    default: 3000,
    reload: "live",
    extension: true,
    doc: "Edge: silence after which an origin counts as lost.",
  }),
};
