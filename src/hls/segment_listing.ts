import { createHash } from "node:crypto";
import type { Mp4Tracks } from "../mp4/init_segment.ts";
import type { DiscontinuityMark, PublishFacts } from "../stream/publish_facts.ts";
import { INIT_ID_DIGITS } from "./init_cache.ts";
import type { PackagerOptions } from "./packager.ts";
import { partBounds } from "./part_bounds.ts";
import { type AbsentPart, absentParts, type AbsentSegment, type InitSegment } from "./segment.ts";
import type { SegmentWindow } from "./segment_window.ts";

/** What a server tells another one of the segments that it has: enough to list them without their bytes. */
export interface SegmentListing {
  /** Complete segments, oldest first. Tracks are not told. */
  readonly segments: readonly AbsentSegment[];
  /** Longest segment that there has been. */
  readonly longestMs: number;
  /** Of the publish of this epoch; null where it is not known, or nobody publishes. */
  readonly discontinuities: ListedMark | null;
}

/** A mark, and which publish it is of. */
export interface ListedMark extends DiscontinuityMark {
  readonly epoch: number;
}

/** Two servers list the same only if they cut in the same way. */
type Cut = Pick<PackagerOptions, "container" | "fragmentMs" | "partMs">;

/** Bounds of what is read. */
export type ListingBounds = Cut & Pick<PackagerOptions, "maxBytes">;

const MAX_SEGMENTS = 2000;
const MAX_INIT_BYTES = 65_536;
const MAX_INITS = 100;
/** No segment is longer, in slots: keyframes make it twice as long at most, and pauses are left out. */
const MAX_SLOTS = 4;
const noTracks: Mp4Tracks = { video: null, audio: null };

/** As JSON; see {@link readSegmentListing}. @param facts Of the publish; null while there is none. */
export function writeSegmentListing(window: SegmentWindow, cut: Cut, facts: PublishFacts | null = null): string {
  const { epoch = 0, discontinuities: mark = null } = facts ?? {};
  const inits: Record<string, string> = {};
  const segments = window.kept.flatMap((entry) => {
    if (entry.kind === "gap") return [];
    const { number, startMs, discontinuity, init } = entry;
    if (init !== null) inits[init.id] ??= btoa(String.fromCharCode(...init.bytes));
    const told = absentParts(entry).map(({ durationMs, byteLength, isIndependent }) => [
      durationMs,
      byteLength,
      isIndependent ? 1 : 0,
    ]);
    return [[number, startMs, discontinuity, init?.id ?? "", told]];
  });
  const { container, fragmentMs, partMs } = cut;
  return JSON.stringify({
    container,
    fragment_ms: fragmentMs,
    part_ms: partMs,
    longest_ms: window.longestMs,
    ...(mark === null ? {} : { discontinuities: [epoch, mark.count, mark.fromMs] }),
    inits,
    segments,
  });
}

/** Reads what another server wrote; null if it makes no sense, or the server cuts in another way. */
export function readSegmentListing(text: string, bounds: ListingBounds): SegmentListing | null {
  const { container, fragment_ms, part_ms, longest_ms, inits, segments, discontinuities } = recordOf(parse(text));
  const { fragmentMs, partMs } = bounds;
  if (container !== bounds.container || fragment_ms !== fragmentMs || part_ms !== partMs) return null;
  if (!Array.isArray(segments) || segments.length > MAX_SEGMENTS) return null;
  const known = readInits(inits);
  const found: AbsentSegment[] = [];
  for (const told of segments) {
    const segment = readSegment(told, known, bounds);
    if (segment === null || segment.number <= (found.at(-1)?.number ?? -1)) return null;
    found.push(segment);
  }
  const longestMs = isCount(longest_ms) && longest_ms <= MAX_SLOTS * fragmentMs ? longest_ms : 0;
  return { segments: found, longestMs, discontinuities: readMark(discontinuities) };
}

function readMark(told: unknown): ListedMark | null {
  const [epoch, count, fromMs] = Array.isArray(told) ? told : [];
  return isCount(epoch) && isCount(count) && isCount(fromMs) ? { epoch, count, fromMs } : null;
}

function readInits(told: unknown): ReadonlyMap<string, InitSegment> {
  const known = new Map<string, InitSegment>();
  for (const [id, text] of Object.entries(recordOf(told)).slice(0, MAX_INITS)) {
    if (typeof text !== "string" || text.length > 2 * MAX_INIT_BYTES) continue;
    const bytes = fromBase64(text);
    // The name is that of the bytes.
    const isRight = bytes !== null && createHash("sha256").update(bytes).digest("hex").slice(0, INIT_ID_DIGITS) === id;
    if (isRight) known.set(id, { id, bytes });
  }
  return known;
}

function readSegment(
  told: unknown,
  inits: ReadonlyMap<string, InitSegment>,
  { container, fragmentMs, partMs, maxBytes }: ListingBounds,
): AbsentSegment | null {
  if (!Array.isArray(told)) return null;
  const [number, startMs, discontinuity, initId, toldParts] = told;
  if (!isCount(number) || !isCount(startMs) || !isCount(discontinuity)) return null;
  const slot = Math.floor(startMs / fragmentMs);
  const init = typeof initId === "string" ? inits.get(initId) ?? null : null;
  if (number !== slot && number !== slot - 1 || (init === null) !== (container === "ts")) return null;
  const { maxParts } = partBounds({ partMs, fragmentMs });
  const parts = readParts(toldParts, startMs, maxParts);
  if (parts === null) return null;
  const sum = (of: (part: AbsentPart) => number) => parts.reduce((total, part) => total + of(part), 0);
  const durationMs = sum((part) => part.durationMs);
  const byteLength = sum((part) => part.byteLength);
  if (durationMs > MAX_SLOTS * fragmentMs || byteLength > maxBytes / 2) return null;
  const isIndependent = parts[0]?.isIndependent ?? false;
  return {
    kind: "absent",
    number,
    startMs,
    durationMs,
    discontinuity,
    tracks: noTracks,
    init,
    parts,
    isIndependent,
    byteLength,
  };
}

function readParts(told: unknown, fromMs: number, maxParts: number): AbsentPart[] | null {
  if (!Array.isArray(told) || told.length === 0 || told.length > maxParts) return null;
  const parts: AbsentPart[] = [];
  let startMs = fromMs;
  for (const [index, part] of told.entries()) {
    if (!Array.isArray(part)) return null;
    const [durationMs, byteLength, independent] = part;
    if (!isCount(durationMs) || !isCount(byteLength) || byteLength === 0) return null;
    parts.push({ index, startMs, durationMs, isIndependent: independent === 1, byteLength });
    startMs += durationMs;
  }
  return parts;
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value as Record<string, unknown> : {};
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function fromBase64(text: string): Uint8Array | null {
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  } catch {
    return null;
  }
}
