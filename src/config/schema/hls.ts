import { accepted, directive } from "./row.ts";
import { decimal, integer, milliseconds, seconds } from "../values/number.ts";
import { oneOf, onOff, secret, text } from "../values/type.ts";

const fromStream = accepted("playlists tell the codecs that the stream has");

/** `hls { ... }` of a vhost. A stream is cut by the values that were in force when its first segment began. */
export const hlsRows = {
  enabled: directive("enabled", onOff(), {
    default: false,
    reload: "newClients",
    doc:
      "Whether to serve streams as HLS, at `http_server.listen`: on an origin from publish on, on an edge from the " +
      "first request on. Segments are kept in memory, 50 MB of each stream at most.",
  }),
  lowLatency: directive("hls_low_latency", onOff(), {
    default: false,
    reload: "newClients",
    extension: true,
    doc:
      "Whether to serve low-latency HLS (RFC 8216bis): parts of `hls_part`, playlists that wait for the next part, " +
      "and delta updates. Segments are fragmented MP4 then. Choose an `hls_fragment` of 1 to 4 s.",
  }),
  partMs: directive("hls_part", milliseconds({ min: 50, max: 2000, writtenWithUnit: true }), {
    default: 200,
    reload: "newClients",
    extension: true,
    doc: "Length of a part with `hls_low_latency`.",
  }),
  fragmentMs: directive("hls_fragment", seconds({ min: 0.1, max: 3600, fraction: true }), {
    default: 10_000,
    reload: "newClients",
    doc: "Least length of a segment: one begins at the first keyframe in each such span of the owner's time, so that " +
      "all servers cut a stream at the same places.",
  }),
  windowMs: directive("hls_window", seconds({ min: 1, fraction: true }), {
    default: 60_000,
    reload: "newClients",
    doc: "Length of the playlist, three target durations at least. Segments stay somewhat longer, for players that " +
      "have an older playlist.",
  }),
  tdRatio: directive("hls_td_ratio", decimal({ min: 0, max: 100 }), {
    default: 1,
    reload: "newClients",
    doc: "First TARGETDURATION in units of `hls_fragment`; it grows with the longest segment.",
  }),
  aofRatio: directive("hls_aof_ratio", decimal({ min: 1 }), {
    default: 2.1,
    reload: "newClients",
    doc: "Length of a segment of pure audio, in units of `hls_fragment`.",
    status: accepted("segments of pure audio follow `hls_fragment`, too"),
  }),
  useFmp4: directive("hls_use_fmp4", onOff(), {
    default: false,
    reload: "newClients",
    doc: "Whether segments are fragmented MP4 (`.m4s`) instead of MPEG-TS (`.ts`); in SRS since 7.0.51.",
  }),
  ctx: directive("hls_ctx", onOff(), {
    default: true,
    reload: "newClients",
    doc: "Whether a viewer is a session with an id, `?hls_ctx=ID`: counted, shown by the API, told to `on_play` and " +
      "`on_stop`, and over 2 x `hls_window` after its last request. Turn it off where caches are in front.",
  }),
  tsCtx: directive("hls_ts_ctx", onOff(), {
    default: true,
    reload: "newClients",
    doc: "Whether addresses of segments have the id of the session, too.",
  }),
  onError: directive("hls_on_error", oneOf(["ignore", "disconnect", "continue"], "continue"), {
    default: "continue",
    reload: "newClients",
    doc: "What an error means, as of a full disk: `ignore` ends the HLS of the stream until it is published again, " +
      "`disconnect` ends the publisher, `continue` goes on.",
  }),
  path: directive("hls_path", text(), {
    default: "",
    reload: "newClients",
    doc: "Directory to write playlists and segments to. Empty (default): none are written, where SRS always writes; " +
      "streams are served from memory in both cases.",
  }),
  m3u8File: directive("hls_m3u8_file", text(), {
    default: "[app]/[stream].m3u8",
    reload: "newClients",
    doc: "Playlist below `hls_path`, and its path over HTTP. `[vhost]`, `[app]` and `[stream]` are replaced.",
  }),
  tsFile: directive("hls_ts_file", text(), {
    default: "[app]/[stream]-[seq].ts",
    reload: "newClients",
    doc:
      "Segment below `hls_path`. Besides the names of `hls_m3u8_file`: `[seq]`, `[timestamp]`, `[duration]` and the " +
      "time, `[2006]`, `[01]`, `[02]`, `[15]`, `[04]`, `[05]`, `[999]`. Over HTTP a segment is always " +
      "`[app]/[stream]-[seq].ts`; behind an origin that tells no time, as SRS, `[app]/[stream]-[seq]_[mark].ts`.",
  }),
  fmp4File: directive("hls_fmp4_file", text(), {
    default: "[app]/[stream]-[seq].m4s",
    reload: "newClients",
    doc: "The same for `hls_use_fmp4`.",
  }),
  initFile: directive("hls_init_file", text(), {
    default: "[app]/[stream]/init.mp4",
    reload: "newClients",
    doc: "Initialization segment below `hls_path`. Where codecs change in mid-stream, later ones get a number before " +
      "the extension.",
  }),
  entryPrefix: directive("hls_entry_prefix", text(), {
    default: "",
    reload: "newClients",
    doc: "Text before the address of each segment in playlists, as `https://cdn.example.com/`.",
  }),
  cleanup: directive("hls_cleanup", onOff(), {
    default: true,
    reload: "newClients",
    doc: "Whether to delete files of segments that have left the window.",
  }),
  disposeMs: directive("hls_dispose", seconds({ fraction: true }), {
    default: 120_000,
    reload: "newClients",
    doc:
      "How long segments and their files stay after the publisher has left; 0 means files stay, and memory is freed " +
      "after 120 s.",
  }),
  nbNotifyBytes: directive("hls_nb_notify", integer({ min: 1, unit: "bytes" }), {
    default: 64,
    reload: "newClients",
    doc: "How much to read of the answer to `on_hls_notify`.",
  }),
  acodec: directive("hls_acodec", text(), {
    default: "aac",
    reload: "newClients",
    doc: "Audio codec to assume before there is any: `aac`, `mp3` or `an` for none.",
    status: fromStream,
  }),
  vcodec: directive("hls_vcodec", text(), {
    default: "h264",
    reload: "newClients",
    doc: "Video codec to assume before there is any: `h264` or `vn` for none.",
    status: fromStream,
  }),
  waitKeyframe: directive("hls_wait_keyframe", onOff(), {
    default: true,
    reload: "newClients",
    doc: "Whether a segment of video begins with a keyframe.",
    status: accepted("segments always begin with a keyframe, so that each server cuts at the same places"),
  }),
  tsFloor: directive("hls_ts_floor", onOff(), {
    default: false,
    reload: "newClients",
    doc: "Whether `[timestamp]` counts fragments of the clock.",
    status: accepted("segments always follow the clock, and `[seq]` tells its spans"),
  }),
  dtsDirectly: directive("hls_dts_directly", onOff(), {
    default: true,
    reload: "newClients",
    doc: "Whether audio has the times that it came with.",
    status: accepted("all media has the times that it came with"),
  }),
  masterRelative: directive("hls_master_m3u8_path_relative", onOff(), {
    default: false,
    reload: "newClients",
    doc: "Whether the playlist that begins a session names the next one by a relative path; in SRS since 7.0.104.",
    status: accepted("paths in playlists are always relative, which works behind proxies"),
  }),
  keys: directive("hls_keys", onOff(), {
    default: false,
    reload: "newClients",
    doc: "Whether segments are encrypted with AES-128. Keys are served beside them, to those who are let in.",
  }),
  keySecret: directive("hls_key_secret", secret(text()), {
    default: "",
    reload: "newClients",
    extension: true,
    doc:
      "Text that keys are made of, the same on all servers of a cluster. Without it, each server has keys of its own, " +
      "and players must stay with one.",
  }),
  fragmentsPerKey: directive("hls_fragments_per_key", integer({ min: 1, max: 1_000_000 }), {
    default: 5,
    reload: "newClients",
    doc: "Number of segments in a row with one key.",
  }),
  keyFile: directive("hls_key_file", text(), {
    default: "[app]/[stream]-[seq].key",
    reload: "newClients",
    doc: "Name of a key below `hls_key_file_path`; `[seq]` is the number of the key.",
  }),
  keyFilePath: directive("hls_key_file_path", text(), {
    default: "",
    reload: "newClients",
    doc: "Directory to write keys to, where `hls_path` is set, too; `hls_path` by default.",
  }),
  keyUrl: directive("hls_key_url", text(), {
    default: "",
    reload: "newClients",
    doc: "Text before the path of a key in playlists, as `https://keys.example.com/`.",
  }),
  storage: directive("hls_storage", text(), {
    default: "",
    reload: "newClients",
    doc: "Where SRS 2 kept segments.",
    status: accepted("segments are in memory, and on disk with `hls_path`"),
  }),
  mount: directive("hls_mount", text(), {
    default: "",
    reload: "newClients",
    doc: "Path over HTTP in SRS 2.",
    status: accepted("`hls_m3u8_file` is the path"),
  }),
};
