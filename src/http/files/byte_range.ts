/** Part of a file: the bytes from `start` up to, not including, `end`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * Reads a `Range` header.
 *
 * @returns The part asked for; "all" where the header may be ignored: none, another unit, several parts, nonsense; or
 * "outside" for a part that the file does not have. Source: RFC 9110 §14.
 */
export function parseByteRange(header: string | null, size: number): ByteRange | "all" | "outside" {
  const [, first = "", last = ""] = /^bytes=[ \t]*(\d{0,15})-(\d{0,15})[ \t]*$/.exec(header ?? "") ?? [];
  if (first === "" && last === "") return "all";
  if (first === "") {
    // The last so many bytes.
    const count = Math.min(Number(last), size);
    return count === 0 ? "outside" : { start: size - count, end: size };
  }
  const start = Number(first);
  if (last !== "" && Number(last) < start) return "all";
  if (start >= size) return "outside";
  return { start, end: last === "" ? size : Math.min(size, Number(last) + 1) };
}
