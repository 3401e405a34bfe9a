import { block, directive, unsupported } from "./row.ts";
import { bytes } from "../values/number.ts";
import { onOff } from "../values/type.ts";
import { clusterRows } from "./cluster.ts";
import { execRows } from "./exec.ts";
import { foreignVhostRows } from "./foreign.ts";
import { forwardRows } from "./forward.ts";
import { httpHooksRows } from "./http_hooks.ts";
import { httpRemuxRows } from "./http_remux.ts";
import { httpStaticRows } from "./http_static.ts";
import { playRows } from "./play.ts";
import { publishRows } from "./publish.ts";
import { referRows } from "./refer.ts";
import { securityRows } from "./security.ts";
import { signedUrlRows } from "./signed_url.ts";

/** `vhost NAME { ... }`. */
export const vhostRows = {
  enabled: directive("enabled", onOff(), {
    default: true,
    reload: "live",
    doc: "Whether the vhost exists; a vhost that is off is not replaced by the default one.",
  }),
  chunkSizeBytes: directive("chunk_size", bytes({ min: 128, max: 65536 }), {
    default: 60_000,
    inherits: "chunkSizeBytes",
    reload: "newClients",
    doc: "Chunk size of what is sent; without it the one of the top level.",
  }),
  minLatency: directive("min_latency", onOff(), {
    default: false,
    reload: "live",
    doc: "Whether to send at once: mw_latency and mw_msgs are 0 by default then.",
  }),
  tcpNodelay: directive("tcp_nodelay", onOff(), {
    default: false,
    reload: "newClients",
    doc: "Whether TCP sends small segments to players at once; always so in the first second, and with min_latency.",
  }),
  inAckSizeBytes: directive("in_ack_size", bytes(), {
    default: 0,
    reload: "newClients",
    doc: "Acknowledgement window to assume for clients that announce none; 0: none.",
  }),
  outAckSizeBytes: directive("out_ack_size", bytes(), {
    default: 2_500_000,
    reload: "newClients",
    doc: "Acknowledgement window announced to clients; 0: none.",
  }),
  cluster: block("cluster", clusterRows, { doc: "Origin or edge, and who the others are." }),
  play: block("play", playRows, { doc: "How streams go out to players." }),
  publish: block("publish", publishRows, { doc: "How streams come in from publishers." }),
  security: block("security", securityRows, { doc: "Who may publish and play, by address." }),
  refer: block("refer", referRows, { doc: "Which web pages may embed a player or publisher." }),
  signedUrl: block("signed_url", signedUrlRows, {
    extension: true,
    doc:
      "Addresses that expire: ?expire=SECONDS&sign=HEX, where HEX is the HMAC-SHA256 of STREAM-EXPIRE-KIND; STREAM is " +
      "/app/stream, behind the name of a vhost other than the default one, KIND is publish or play.",
  }),
  forward: block("forward", forwardRows, { doc: "Other servers that get every published stream." }),
  httpHooks: block("http_hooks", httpHooksRows, { doc: "URLs called on events." }),
  httpRemux: block("http_remux", httpRemuxRows, { doc: "Streams over HTTP.", single: true }),
  httpStatic: block("http_static", httpStaticRows, { doc: "Files over HTTP." }),
  exec: block("exec", execRows, { doc: "Programs run on publish.", status: unsupported("no program is run") }),
  ...foreignVhostRows,
};
