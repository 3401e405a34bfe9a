/**
 * Turns the path of a request into the path of a file below a directory; null for one that can mean no file there.
 *
 * Each part is decoded for itself and must then still be one: no `..`, no separator of any system, no control character,
 * no hidden file (`.git`, `.env`), except `.well-known` (RFC 8615).
 *
 * @param path Begins with a slash, as sent.
 * @returns Without a slash at its begin, with one at its end where the path has one; empty for the directory itself.
 */
export function staticPath(path: string): string | null {
  const parts = path.slice(1).split("/");
  const isFolder = parts.at(-1) === "";
  if (isFolder) parts.pop();
  const names: string[] = [];
  for (const part of parts) {
    const name = decode(part);
    if (name === null || !isPlainName(name)) return null;
    names.push(name);
  }
  return names.join("/") + (isFolder && names.length > 0 ? "/" : "");
}

/** True for a file that is the folder's own or below it; both must be real paths, without links in them. */
export function isWithin(folder: string, file: string): boolean {
  const separator = folder.includes("\\") ? "\\" : "/";
  return file === folder || file.startsWith(folder.endsWith(separator) ? folder : folder + separator);
}

function decode(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}

function isPlainName(name: string): boolean {
  return name !== "" && name.length < 256 && !/[/\\:\p{Cc}]/u.test(name) &&
    (!name.startsWith(".") || name === ".well-known");
}
