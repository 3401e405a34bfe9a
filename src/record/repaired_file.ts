import type { FilePatch } from "./recording_format.ts";

/** Reads a file at any place; fewer bytes than wanted only at its end. */
export type ReadAt = (at: number, count: number) => Promise<Uint8Array>;

/** What of a file that nobody finished can be kept. */
export interface Repair {
  /** Length of what is whole; what is behind it is cut off. */
  readonly bytes: number;
  readonly durationMs: number;
  readonly patches: readonly FilePatch[];
}
