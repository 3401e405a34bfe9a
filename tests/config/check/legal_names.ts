/** The directives that SRS 7 accepts, by block; everything else is an error there. */
export const legalNames: Readonly<Record<string, string>> = {
  "": "listen pid chunk_size ff_log_dir ff_log_level srs_log_tank srs_log_level srs_log_level_v2 srs_log_file " +
    "max_connections daemon heartbeat tencentcloud_cls tencentcloud_apm http_api http_server stats vhost " +
    "pithy_print_ms stream_caster rtc_server srt_server utc_time work_dir asprocess server_id grace_start_wait " +
    "grace_final_wait force_grace_quit empty_ip_ok in_docker disable_daemon_for_docker inotify_auto_reload " +
    "auto_reload_for_docker tcmalloc_release_rate query_latest_version first_wait_for_qlv threads circuit_breaker " +
    "is_full exporter rtmps rtsp_server",
  rtmps: "enabled listen key cert",
  "rtsp_server": "enabled listen",
  "http_api": "enabled listen crossdomain raw_api auth https",
  "http_api.raw_api": "enabled allow_reload allow_query allow_update",
  "http_api.auth": "enabled username password",
  "http_api.https": "enabled listen key cert",
  "http_server": "enabled listen dir crossdomain https",
  "http_server.https": "enabled listen key cert",
  heartbeat: "enabled interval url device_id summaries ports",
  stats: "enabled network disk",
  exporter: "enabled listen label tag",
  vhost:
    "enabled chunk_size min_latency tcp_nodelay in_ack_size out_ack_size dvr ingest hls hds dash http_hooks refer " +
    "forward transcode bandcheck play publish cluster security http_remux http_static exec rtc srt rtsp",
  "vhost.rtsp": "enabled rtmp_to_rtsp",
  "vhost.cluster": "mode origin token_traverse vhost debug_srs_upnode origin_cluster coworkers protocol follow_client",
  "vhost.play": "time_jitter mix_correct atc atc_auto mw_latency mw_msgs gop_cache gop_cache_max_frames queue_length " +
    "send_min_interval reduce_sequence_header",
  "vhost.publish": "mr mr_latency firstpkt_timeout normal_timeout parse_sps try_annexb_first kickoff_for_idle",
  "vhost.security": "enabled allow deny",
  "vhost.refer": "enabled all publish play",
  "vhost.forward": "enabled destination backend",
  "vhost.exec": "enabled publish",
  "vhost.http_hooks": "enabled on_connect on_close on_publish on_unpublish on_play on_stop on_dvr on_hls on_hls_notify",
  "vhost.http_remux": "enabled mount fast_cache drop_if_not_match has_audio has_video guess_has_av",
  "vhost.http_static": "enabled mount dir",
  "vhost.dvr": "enabled dvr_apply dvr_path dvr_plan dvr_duration dvr_wait_keyframe time_jitter",
  "vhost.hls":
    "enabled hls_entry_prefix hls_path hls_fragment hls_window hls_on_error hls_storage hls_mount hls_td_ratio " +
    "hls_aof_ratio hls_acodec hls_vcodec hls_m3u8_file hls_ts_file hls_ts_floor hls_cleanup hls_nb_notify " +
    "hls_wait_keyframe hls_dispose hls_keys hls_fragments_per_key hls_key_file hls_key_file_path hls_key_url " +
    "hls_dts_directly hls_ctx hls_ts_ctx hls_use_fmp4 hls_fmp4_file hls_init_file hls_master_m3u8_path_relative",
  "vhost.dash":
    "enabled dash_fragment dash_update_period dash_timeshift dash_path dash_mpd_file dash_window_size dash_dispose " +
    "dash_cleanup",
  "vhost.ingest": "enabled input ffmpeg engine",
  "vhost.transcode": "enabled ffmpeg engine",
  "vhost.transcode.engine":
    "enabled vfilter vcodec vbitrate vfps vwidth vheight vthreads vprofile vpreset vparams acodec abitrate " +
    "asample_rate achannels aparams output perfile iformat oformat",
  "vhost.srt": "enabled srt_to_rtmp",
  "vhost.rtc":
    "enabled nack twcc nack_no_copy bframe aac stun_timeout stun_strict_check dtls_role dtls_version drop_for_pt " +
    "rtc_to_rtmp pli_for_rtmp rtmp_to_rtc keep_bframe opus_bitrate aac_bitrate keep_avc_nalu_sei",
  "stream_caster": "enabled caster output listen sip",
  "stream_caster.sip": "enabled listen timeout reinvite candidate",
  "rtc_server": "enabled listen dir candidate ecdsa tcp encrypt reuseport merge_nalus black_hole protocol ip_family " +
    "api_as_candidates resolve_api_domain keep_api_domain use_auto_detect_network_ip",
  "srt_server":
    "enabled listen maxbw mss latency recvlatency peerlatency connect_timeout peer_idle_timeout sendbuf recvbuf " +
    "payloadsize default_app sei_filter mix_correct tlpktdrop tsbpdmode passphrase pbkeylen",
};

/** Blocks in which SRS checks no name. */
export const uncheckedBlocks = [
  "threads",
  "circuit_breaker",
  "tencentcloud_cls",
  "tencentcloud_apm",
  "vhost.bandcheck",
  "vhost.hds",
  "http_api.https",
  "http_server.https",
  "rtc_server.black_hole",
  "rtc_server.tcp",
];

/** A configuration text with `inside` in the block of a dotted path; the top level gets a listen address. */
export function inBlock(path: string, inside: string): string {
  const names = path === "" ? [] : path.split(".");
  const open = names.map((name) => `${name} x {`).join(" ");
  return `listen 1935;\n${open}\n${inside}\n${"}".repeat(names.length)}\n`;
}
