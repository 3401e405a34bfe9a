/** What names of files are made of. */
export interface SegmentNames {
  readonly vhost: string;
  readonly app: string;
  readonly stream: string;
}

/** The segment that a file is for. */
export interface NamedSegment {
  readonly number: number;
  /** Unix time. */
  readonly startMs: number;
  readonly durationMs: number;
}

const LONGEST_PART = 200;

/** A path of the stream, as `hls_m3u8_file` has it, below `hls_path`; null for names that cannot be files there. */
export function streamPath(template: string, { vhost, app, stream }: SegmentNames): string | null {
  const values: Readonly<Record<string, string>> = { "[vhost]": vhost, "[app]": app, "[stream]": stream };
  // At once, so that a name with brackets in it stays what it is.
  return checked(template.replace(/\[(?:vhost|app|stream)\]/g, (name) => values[name] ?? name));
}

/**
 * As {@link streamPath}, with the variables of `hls_ts_file`.
 *
 * @param utc `utc_time`: the parts of the time are those of UTC, not of the zone of this machine.
 */
export function segmentPath(template: string, names: SegmentNames, segment: NamedSegment, utc: boolean): string | null {
  const { number, startMs, durationMs } = segment;
  const localMs = utc ? startMs : startMs - new Date(startMs).getTimezoneOffset() * 60_000;
  const [year = "", month = "", day = "", hour = "", minute = "", second = "", ms = ""] =
    new Date(localMs).toISOString().match(/\d+/g) ?? [];
  const values: Readonly<Record<string, string>> = {
    "[vhost]": names.vhost,
    "[app]": names.app,
    "[stream]": names.stream,
    "[seq]": String(number),
    "[timestamp]": String(Math.round(startMs)),
    "[duration]": String(Math.round(durationMs)),
    "[2006]": year,
    "[01]": month,
    "[02]": day,
    "[15]": hour,
    "[04]": minute,
    "[05]": second,
    "[999]": ms,
  };
  return checked(template.replace(/\[\w+\]/g, (name) => values[name] ?? name));
}

/** The address of a file as seen from another one, both below the same folder. */
export function relativeTo(fromFile: string, file: string): string {
  const from = fromFile.split("/").slice(0, -1);
  const to = file.split("/");
  let common = 0;
  while (common < from.length && common < to.length - 1 && from[common] === to[common]) common++;
  return [...from.slice(common).map(() => ".."), ...to.slice(common).map(encodeURIComponent)].join("/");
}

/** Names come from publishers: none leads out of the folder, and none is hidden. */
function checked(path: string): string | null {
  const parts = path.split("/").filter((part) => part !== "");
  const isPlain = (part: string) => !/^\.|[\\\p{Cc}]/u.test(part) && part.length <= LONGEST_PART;
  return parts.length > 0 && parts.every(isPlain) ? parts.join("/") : null;
}
