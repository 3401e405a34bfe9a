import { block, directive, unsupported } from "./row.ts";
import { bytes } from "../values/number.ts";
import { onOff } from "../values/type.ts";
import { clusterRows } from "./cluster.ts";
import { dvrRows } from "./output/dvr.ts";
import { execRows } from "./exec.ts";
import { foreignVhostRows } from "./foreign.ts";
import { forwardRows } from "./forward.ts";
import { hlsRows } from "./hls.ts";
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
    doc:
      "Whether to serve the vhost. Clients of a vhost that is off are refused; the default vhost does not take them.",
  }),
  chunkSizeBytes: directive("chunk_size", bytes({ min: 128, max: 65536 }), {
    default: 60_000,
    inherits: "chunkSizeBytes",
    reload: "newClients",
    doc: "Chunk size of outgoing RTMP.",
  }),
  minLatency: directive("min_latency", onOff(), {
    default: false,
    reload: "live",
    doc: "Whether to send every message at once: `mw_latency` and `mw_msgs` then default to 0.",
  }),
  tcpNodelay: directive("tcp_nodelay", onOff(), {
    default: false,
    reload: "live",
    doc: "Whether TCP sends small segments to players at once; it always does in their first second and with " +
      "`min_latency on`.",
  }),
  inAckSizeBytes: directive("in_ack_size", bytes(), {
    default: 0,
    reload: "newClients",
    doc: "Acknowledgement window to assume for clients that announce none; 0 means none.",
  }),
  outAckSizeBytes: directive("out_ack_size", bytes(), {
    default: 2_500_000,
    reload: "newClients",
    doc: "Acknowledgement window to announce to clients; 0 means none.",
  }),
  cluster: block("cluster", clusterRows, {
    doc: "Whether this is an origin or an edge, and which servers belong to the cluster.",
  }),
  play: block("play", playRows, { doc: "How to send streams to players." }),
  publish: block("publish", publishRows, { doc: "How to receive streams from publishers." }),
  security: block("security", securityRows, { doc: "Who may publish and play, by IP address." }),
  refer: block("refer", referRows, { doc: "Which web pages may embed players and publishers." }),
  signedUrl: block("signed_url", signedUrlRows, {
    extension: true,
    doc: "URLs that expire: `?expire=SECONDS&sign=HEX`. SECONDS is a Unix time; HEX is the HMAC-SHA256 of " +
      "`STREAM-SECONDS-KIND`. STREAM is `/app/stream`, with the vhost's name in front unless it is the default vhost; " +
      "KIND is `publish` or `play`.",
  }),
  dvr: block("dvr", dvrRows, { doc: "Recording of streams to files." }),
  forward: block("forward", forwardRows, { doc: "Other servers to send every published stream to." }),
  httpHooks: block("http_hooks", httpHooksRows, { doc: "URLs to call on events." }),
  httpRemux: block("http_remux", httpRemuxRows, { doc: "Live streams over HTTP.", single: true }),
  hls: block("hls", hlsRows, { doc: "Streams as HLS." }),
  httpStatic: block("http_static", httpStaticRows, { doc: "Files over HTTP." }),
  exec: block("exec", execRows, {
    doc: "Programs to run on publish.",
    status: unsupported("this server does not run programs"),
  }),
  ...foreignVhostRows,
};
