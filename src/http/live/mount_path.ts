/** What a path says of a stream, by a mount template; escapes are decoded. */
export interface MountMatch {
  /** Name that stands in place of `[vhost]` in the path; null where the template has none there. */
  readonly vhost: string | null;
  readonly app: string;
  readonly stream: string;
}

const names = { "[vhost]": "(?<vhost>[^/]+)", "[app]": "(?<app>[^/]+(?:/[^/]+)*)", "[stream]": "(?<stream>[^/]+)" };

/** Extension of a template: the format of its streams. */
export function mountExtension(template: string): string {
  return /\.[^./]*$/.exec(template)?.[0] ?? "";
}

/**
 * Compares a path with a template such as `[vhost]/[app]/[stream].flv`.
 *
 * What stands before the first slash is the host, as in SRS: `[vhost]` there means that the vhost is found by other means,
 * any other text must be the host that the client used. `[app]` may be of several levels; where app and stream are not
 * named, the path's own last two parts are meant.
 *
 * @param host Host that the client used, without the port.
 */
export function matchMount(template: string, host: string, path: string): MountMatch | null {
  const slash = template.indexOf("/");
  const templateHost = template.slice(0, Math.max(0, slash));
  if (templateHost !== "" && templateHost !== "[vhost]" && templateHost !== host) return null;
  const found = patternOf(template.slice(Math.max(0, slash))).exec(path);
  if (found === null) return null;
  const groups = found.groups ?? {};
  const bare = path.slice(0, path.length - mountExtension(template).length);
  const app = decodeName(groups.app ?? bare.slice(1, Math.max(1, bare.lastIndexOf("/"))));
  const stream = decodeName(groups.stream ?? bare.slice(bare.lastIndexOf("/") + 1));
  const vhost = groups.vhost === undefined ? null : decodeName(groups.vhost);
  // A decoded slash would be another path, a decoded question mark another query.
  const isOdd = /[/?#]/.test(stream) || /[?#]/.test(app) ||
    app.split("/").length > (groups.app ?? app).split("/").length;
  return isOdd || stream === "" ? null : { vhost, app, stream };
}

const patterns = new Map<string, RegExp>();

/** Templates come from the configuration: there are few of them. */
function patternOf(path: string): RegExp {
  const known = patterns.get(path);
  if (known !== undefined) return known;
  const seen = new Set<string>();
  const source = path.replace(/\[(?:vhost|app|stream)\]|[\\^$.*+?()[\]{}|]/g, (part) => {
    if (!(part in names)) return `\\${part}`;
    // Named a second time, it stands for the same text.
    if (seen.has(part)) return `\\k<${part.slice(1, -1)}>`;
    seen.add(part);
    return names[part as keyof typeof names];
  });
  const pattern = new RegExp(`^${source}$`);
  patterns.set(path, pattern);
  return pattern;
}

/** A part of a path as it is meant. SRS sends and takes names without escapes: anything else stays as it is. */
function decodeName(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
