/** Codes of a disk, or of somebody's part of one, that has no room. */
const FULL_CODES: readonly unknown[] = ["ENOSPC", "EDQUOT", "EFBIG"];
/** Of Linux; macOS has 69 for EDQUOT. */
const FULL_NUMBERS = /\(os error (?:27|28|69|122|112)\)/;

/** Whether a file could not be written for want of room. */
export function isDiskFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return ("code" in error && FULL_CODES.includes(error.code)) || FULL_NUMBERS.test(error.message);
}
