/**
 * Arithmetic on RTMP timestamps: unsigned 32-bit milliseconds that wrap after 49.7 days.
 *
 * Source: RTMP 1.0 §5.3.1.3; serial number arithmetic as in RFC 1982.
 */

/** Milliseconds from `from` to `to`, signed, right across the wrap for distances below 24.8 days. */
export function timestampDiff(to: number, from: number): number {
  return (to - from) | 0;
}

/** A timestamp moved by a signed number of milliseconds. */
export function timestampAdd(timestampMs: number, deltaMs: number): number {
  return (timestampMs + deltaMs) >>> 0;
}
