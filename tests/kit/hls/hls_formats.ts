/** A vhost with its own form of HLS. */
export interface HlsFormat {
  readonly name: string;
  readonly vhost: string;
  /** In `hls { }`. */
  readonly rows: string;
  readonly container: "ts" | "cmaf";
  /** 0 for none. */
  readonly partMs: number;
}

/** Of {@link HLS_FORMATS}. */
export const HLS_FRAGMENT_MS = 2000;

/** What a player may meet. */
export const HLS_FORMATS: readonly HlsFormat[] = [
  { name: "MPEG-TS", vhost: "ts.test", rows: "hls_fragment 2; hls_window 30;", container: "ts", partMs: 0 },
  {
    name: "CMAF",
    vhost: "cmaf.test",
    rows: "hls_fragment 2; hls_window 30; hls_use_fmp4 on;",
    container: "cmaf",
    partMs: 0,
  },
  {
    name: "low latency",
    vhost: "low.test",
    rows: "hls_fragment 2; hls_window 30; hls_low_latency on; hls_part 200ms;",
    container: "cmaf",
    partMs: 200,
  },
];
