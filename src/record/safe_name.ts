import { encodeUtf8 } from "../base/bytes.ts";

/** Longest part of a path that comes of a name: file systems allow 255 bytes, of which `.tmp` and a suffix take some. */
const MAX_PART_BYTES = 180;
/** Folders that one name may make. */
const MAX_PARTS = 8;

/**
 * A name that a peer chose, as one or several parts of a path: no part is hidden, leads out of its folder, or has a
 * character that some file system refuses. Slashes stay, as far as they stand between parts.
 */
export function safeName(name: string): string {
  const parts = name.split(/[/\\]/).filter((part) => part !== "");
  if (parts.length > MAX_PARTS) parts.push(parts.splice(MAX_PARTS - 1).join("_"));
  return parts.map(safePart).join("/") || "_";
}

function safePart(part: string): string {
  // Lone halves of characters cannot be written either.
  const plain = part.toWellFormed().replace(/[\p{Cc}\p{Cf}\u2028\u2029:*?"<>|]/gu, "_");
  return plain.replace(/^\.+/, (dots) => "_".repeat(dots.length)).replace(/[. ]+$/, (end) => "_".repeat(end.length));
}

/**
 * A path whose parts are no longer than file systems allow. What was cut off is told apart by a number; the extension
 * stays.
 */
export function shortenParts(path: string): string {
  return path.split("/").map(shortenPart).join("/");
}

function shortenPart(part: string): string {
  if (encodeUtf8(part).length <= MAX_PART_BYTES) return part;
  const [extension = ""] = /\.[a-z0-9]{1,4}$/i.exec(part) ?? [];
  const end = `~${hash(part).toString(16).padStart(8, "0")}${extension}`;
  let kept = "";
  let left = MAX_PART_BYTES - end.length;
  for (const character of part) {
    left -= encodeUtf8(character).length;
    if (left < 0) break;
    kept += character;
  }
  return kept + end;
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  return encodeUtf8(text).reduce((sum, byte) => Math.imul(sum ^ byte, 0x0100_0193) >>> 0, 0x811c_9dc5);
}
