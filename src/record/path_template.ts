import { safeName, shortenParts } from "./safe_name.ts";

/** The stream that a file is named after. */
export interface NamedStream {
  readonly vhost: string;
  readonly app: string;
  readonly stream: string;
}

/** When a file begins. */
export interface NamedTime {
  /** Unix time. */
  readonly ms: number;
  /** By UTC instead of the local clock. */
  readonly utc: boolean;
}

const DEFAULT_NAME = "/[app]/[stream].[timestamp].flv";

/** What SRS replaces: the year 2006, and so on down to milliseconds, as Go writes times. */
const variable = /\[(vhost|app|stream|2006|01|02|15|04|05|999|timestamp)\]/g;

/** Digits of the variables of time. */
const digits: Readonly<Record<string, string>> = {
  "2006": "\\d{4}",
  "01": "\\d\\d",
  "02": "\\d\\d",
  "15": "\\d\\d",
  "04": "\\d\\d",
  "05": "\\d\\d",
  "999": "\\d{3}",
};

/** The names of `dvr_path`: what has no extension of a recording is a directory. Source: SRS 7 `SrsConfig::get_dvr_path`. */
export function recordingTemplate(dvrPath: string): string {
  return /\.(?:flv|mp4)$/i.test(dvrPath) ? dvrPath : dvrPath.replace(/\/+$/, "") + DEFAULT_NAME;
}

/**
 * The path of a file.
 *
 * Names of streams are made harmless, so that it always lies below {@link templateRoot}.
 */
export function expandTemplate(template: string, stream: NamedStream, time: NamedTime): string {
  const root = templateRoot(template);
  const names = new Map(Object.entries(timeValues(time)));
  for (const name of ["vhost", "app", "stream"] as const) names.set(name, safeName(stream[name]));
  const rest = template.slice(root.length).replace(variable, (_, name: string) => names.get(name) ?? "");
  return root + shortenParts(rest);
}

/** The part of a template, up to a slash, that all files have in common; empty for the working directory. */
export function templateRoot(template: string): string {
  const fixed = template.slice(0, variableAt(template));
  return fixed.slice(0, fixed.lastIndexOf("/") + 1);
}

/** How many levels below its root the files of a template lie, at most. */
export function templateDepth(template: string): number {
  const rest = template.slice(templateRoot(template).length);
  const names = rest.match(/\[(?:vhost|app|stream)\]/g)?.length ?? 0;
  // A name has up to eight parts.
  return rest.split("/").length + 7 * names;
}

/** What a path says of its stream, if it is one of the template: a name with slashes as well as it can be told. */
export function readTemplate(template: string, path: string): Partial<NamedStream> & { atMs?: number } | null {
  const root = templateRoot(template);
  const seen = new Set<string>();
  const parts = template.slice(root.length).split(variable);
  const pattern = parts.map((part, at) => at % 2 === 0 ? escape(part) : group(part, seen)).join("");
  const extension = /(\\\.\w+)$/.exec(pattern)?.[1] ?? "";
  const suffixed = `${pattern.slice(0, pattern.length - extension.length)}(?:-[0-9a-z]+-\\d+){0,2}${extension}`;
  const found = path.startsWith(root) ? new RegExp(`^${suffixed}$`, "su").exec(path.slice(root.length)) : null;
  if (found === null) return null;
  const { timestamp, ...names } = found.groups ?? {};
  return { ...names, ...(timestamp === undefined ? {} : { atMs: Number(timestamp) }) };
}

function variableAt(template: string): number {
  const at = template.search(variable);
  return at < 0 ? template.length : at;
}

function group(name: string, seen: Set<string>): string {
  const what = digits[name];
  if (what !== undefined) return what;
  if (seen.has(name)) return `\\k<${name}>`;
  seen.add(name);
  if (name === "timestamp") return "(?<timestamp>\\d{1,16})";
  return `(?<${name}>.+?)`;
}

function escape(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}

function timeValues({ ms, utc }: NamedTime): Record<string, string> {
  const local = utc ? ms : ms - new Date(ms).getTimezoneOffset() * 60_000;
  const [, year = "", month = "", day = "", hour = "", minute = "", second = "", fraction = ""] =
    /^(\d+)-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.(\d{3})/.exec(new Date(local).toISOString()) ?? [];
  return {
    "2006": year,
    "01": month,
    "02": day,
    "15": hour,
    "04": minute,
    "05": second,
    "999": fraction,
    timestamp: String(Math.floor(ms)),
  };
}
