/** Names in a directory; throws when it cannot be read. */
export type ListDirectory = (path: string) => readonly string[];

/** Most files that one pattern may stand for. */
const maxMatches = 10_000;

/** Whether a path has `*`, `?` or `[...]`. */
export function isGlob(path: string): boolean {
  return /[*?[]/.test(path);
}

/**
 * The paths that a pattern stands for, in the order of their characters.
 *
 * `*` stands for any characters of one name, `?` for one, `[a-c]` and `[!a-c]` for one of some; a name that begins with
 * a dot must be written with the dot. Directories that cannot be read have no names.
 */
export function expandGlob(pattern: string, listDirectory: ListDirectory): readonly string[] {
  const parts = pattern.split("/");
  const first = parts.findIndex(isGlob);
  let found = [parts.slice(0, first).map((part) => `${part}/`).join("")];
  for (const [index, part] of parts.entries()) {
    if (index < first) continue;
    const end = index === parts.length - 1 ? "" : "/";
    found = found.flatMap((base) => namesLike(part, base, listDirectory).map((name) => base + name + end));
    if (found.length > maxMatches) return found.slice(0, maxMatches);
  }
  return found.sort();
}

function namesLike(part: string, base: string, listDirectory: ListDirectory): readonly string[] {
  const signs = parseGlob(part);
  try {
    const names = listDirectory(base === "" ? "." : base);
    return names.filter((name) => name.startsWith(".") === part.startsWith(".") && matches(signs, name));
  } catch {
    return [];
  }
}

/** One sign of a pattern: a run of characters of whatever length, or a test of one character. */
type Sign = "run" | ((char: string) => boolean);

function parseGlob(part: string): Sign[] {
  const pattern = /\*+|\?|\[(!?)([^\]]+)\]|[^]/g;
  return [...part.matchAll(pattern)].map(([sign, not, chars]): Sign => {
    if (sign.startsWith("*")) return "run";
    if (sign === "?") return () => true;
    if (chars === undefined) return (char) => char === sign;
    const members = parseSet(chars);
    return (char) => members.some(([from, to]) => from <= char && char <= to) !== (not === "!");
  });
}

/** `a-cx` as ranges. */
function parseSet(chars: string): [from: string, to: string][] {
  return [...chars.matchAll(/([^])-([^])|[^]/g)].map(([one, from, to]) => [from ?? one, to ?? one]);
}

/** Whether a name has the form; takes at most the product of both lengths in time. */
function matches(signs: readonly Sign[], name: string): boolean {
  let at = 0;
  let sign = 0;
  /** The last run, and where the rest behind it is tried next. */
  let run = -1;
  let resume = 0;
  while (at < name.length) {
    const test = signs[sign];
    if (test === "run") {
      run = sign++;
      resume = at;
    } else if (test?.(name.charAt(at))) {
      sign++;
      at++;
    } else if (run >= 0) {
      sign = run + 1;
      at = ++resume;
    } else {
      return false;
    }
  }
  while (signs[sign] === "run") sign++;
  return sign === signs.length;
}
