import { accepted, foreign, unsupported } from "./row.ts";

const noCloud = accepted("this server sends nothing to cloud services");
const noRtc = unsupported("this server has no WebRTC");
const noSrt = unsupported("this server has no SRT");
const noRtsp = unsupported("this server has no RTSP");
const noCaster = unsupported("this server does not turn other protocols into RTMP");
const noTranscode = unsupported("this server does not transcode");

const sip = foreign("sip", "enabled listen timeout reinvite candidate", { doc: "", status: noCaster });

const engine = foreign(
  "engine",
  "enabled vfilter vcodec vbitrate vfps vwidth vheight vthreads vprofile vpreset vparams acodec abitrate asample_rate " +
    "achannels aparams output perfile iformat oformat",
  { doc: "", status: noTranscode },
);

/** Blocks at the top level that this server does not have; their names are SRS's. */
export const foreignRootRows = {
  rtcServer: foreign(
    "rtc_server",
    "enabled listen dir candidate ecdsa tcp encrypt reuseport merge_nalus black_hole protocol ip_family " +
      "api_as_candidates resolve_api_domain keep_api_domain use_auto_detect_network_ip",
    { doc: "WebRTC server.", status: noRtc },
  ),
  srtServer: foreign(
    "srt_server",
    "enabled listen maxbw mss latency recvlatency peerlatency connect_timeout peer_idle_timeout sendbuf recvbuf " +
      "payloadsize default_app sei_filter mix_correct tlpktdrop tsbpdmode passphrase pbkeylen",
    { doc: "SRT server.", status: noSrt },
  ),
  rtspServer: foreign("rtsp_server", "enabled listen", { doc: "RTSP server of SRS 7.", status: noRtsp }),
  streamCaster: foreign("stream_caster", ["enabled caster output listen", sip], {
    doc: "Turns streams of other protocols into RTMP.",
    status: noCaster,
  }),
  threads: foreign("threads", "anything", {
    doc: "SRS's threads.",
    status: accepted("`workers` sets the number of threads"),
  }),
  circuitBreaker: foreign("circuit_breaker", "anything", {
    doc: "Protection against CPU overload.",
    status: accepted("this server does none of the work that SRS drops under load"),
  }),
  tencentcloudCls: foreign("tencentcloud_cls", "anything", { doc: "Logs to Tencent Cloud.", status: noCloud }),
  tencentcloudApm: foreign("tencentcloud_apm", "anything", { doc: "Traces to Tencent Cloud.", status: noCloud }),
};

/** Blocks of a vhost that this server does not have. */
export const foreignVhostRows = {
  hds: foreign("hds", "anything", { doc: "HDS output.", status: unsupported("this server has no HDS") }),
  dash: foreign(
    "dash",
    "enabled dash_fragment dash_update_period dash_timeshift dash_path dash_mpd_file dash_window_size dash_dispose " +
      "dash_cleanup",
    { doc: "DASH output.", status: unsupported("this server has no DASH") },
  ),
  ingest: foreign("ingest", "enabled input ffmpeg engine", {
    doc: "Streams to fetch with ffmpeg.",
    status: unsupported("this server does not run ffmpeg"),
  }),
  transcode: foreign("transcode", ["enabled ffmpeg", engine], {
    doc: "Streams to transcode with ffmpeg.",
    status: noTranscode,
  }),
  bandcheck: foreign("bandcheck", "anything", {
    doc: "Bandwidth test of SRS 1.",
    status: accepted("SRS no longer has a bandwidth test either"),
  }),
  rtc: foreign(
    "rtc",
    "enabled nack twcc nack_no_copy bframe aac stun_timeout stun_strict_check dtls_role dtls_version drop_for_pt " +
      "rtc_to_rtmp pli_for_rtmp rtmp_to_rtc keep_bframe opus_bitrate aac_bitrate keep_avc_nalu_sei",
    { doc: "WebRTC for the vhost.", status: noRtc },
  ),
  rtsp: foreign("rtsp", "enabled rtmp_to_rtsp", { doc: "RTSP for the vhost.", status: noRtsp }),
  srt: foreign("srt", "enabled srt_to_rtmp", { doc: "SRT for the vhost.", status: noSrt }),
};
