import type { AmfObject } from "../amf/amf0.ts";
import { readScript } from "./meta_cache.ts";
import type { MediaPacket } from "./packet.ts";

/** What `EXT-X-DISCONTINUITY-SEQUENCE` of a stream is made of: see `DiscontinuityCount`. */
export interface DiscontinuityMark {
  /** Discontinuities of the stream, over all of its publishes. */
  readonly count: number;
  /** Of what is published from this time on, Unix time by the owner's clock, ms. */
  readonly fromMs: number;
}

/** What servers of this kind tell each other of a publish. */
export interface PublishFacts {
  /** 0 for none. */
  readonly epoch: number;
  /** Unix time of timestamp 0 of the server that tells, by the owner's clock, ms; null while it is unknown. See `OwnerTime`. */
  readonly zeroMs: number | null;
  /** Null while it is unknown. */
  readonly discontinuities: DiscontinuityMark | null;
}

/** Member of metadata, of `connect` arguments and of statuses that is not SRS's: which publish of the stream this is. */
const EPOCH = "srs_ts_epoch";
/** The same over HTTP: in a request the highest that was seen, in an answer that of the stream. */
export const EPOCH_HEADER = "x-srs-ts-epoch";
/** Member of statuses: {@link PublishFacts.zeroMs}. */
const ZERO = "srs_ts_zero_ms";
/** The same over HTTP, in an answer. */
export const ZERO_HEADER = "x-srs-ts-zero-ms";
/**
 * Members of statuses: {@link PublishFacts.discontinuities}. In `connect` arguments, the count alone: the highest that the
 * server knows of the stream.
 */
const [DISCONTINUITIES, DISCONTINUITIES_FROM] = ["srs_ts_discontinuities", "srs_ts_discontinuities_from_ms"] as const;
/** The same over HTTP: in an answer `count;fromMs`, in a request the count alone. */
export const DISCONTINUITIES_HEADER = "x-srs-ts-discontinuities";

/** Header by which a server that plays a stream over HTTP asks for it without the pauses in which it is gathered. */
export const HASTE_HEADER = "x-srs-ts-haste";

/** Members of a status that tell what is known of a publish. */
export function factMembers({ epoch, zeroMs, discontinuities: mark }: PublishFacts): AmfObject {
  return {
    ...epochMember(epoch),
    ...(zeroMs === null ? {} : { [ZERO]: zeroMs }),
    ...(mark === null ? {} : { ...knownCountMember(mark.count), [DISCONTINUITIES_FROM]: mark.fromMs }),
  };
}

/** {@link PublishFacts.discontinuities} as a status tells it; null if it does not. */
export function readMarkMember(members: AmfObject): DiscontinuityMark | null {
  const count = readKnownCountMember(members);
  const { [DISCONTINUITIES_FROM]: fromMs } = members;
  return count !== null && typeof fromMs === "number" && Number.isSafeInteger(fromMs) ? { count, fromMs } : null;
}

/** The same in a header. */
export function markHeader({ count, fromMs }: DiscontinuityMark): string {
  return `${count};${fromMs}`;
}

/** As {@link readMarkMember}, of a header. */
export function readMarkHeader(text: string | null): DiscontinuityMark | null {
  const [, count, fromMs] = /^(\d{1,16});(-?\d{1,16})$/.exec(text ?? "") ?? [];
  if (count === undefined) return null;
  return readMarkMember({ [DISCONTINUITIES]: Number(count), [DISCONTINUITIES_FROM]: Number(fromMs) });
}

/** What tells another server how many discontinuities of a stream are known here; nothing for null. */
export function knownCountMember(count: number | null): AmfObject {
  return count === null ? {} : { [DISCONTINUITIES]: count };
}

/** As {@link knownCountMember} tells it; null if it does not. */
export function readKnownCountMember({ [DISCONTINUITIES]: count }: Readonly<Record<string, unknown>>): number | null {
  return typeof count === "number" && Number.isSafeInteger(count) && count >= 0 ? count : null;
}

/** The same of a header. */
export function readKnownCountHeader(text: string | null): number | null {
  return /^\d{1,16}$/.test(text ?? "") ? readKnownCountMember({ [DISCONTINUITIES]: Number(text) }) : null;
}

/** {@link PublishFacts.zeroMs} as a status tells it; null if it does not. */
export function readZeroMember({ [ZERO]: zeroMs }: AmfObject): number | null {
  return typeof zeroMs === "number" && Number.isSafeInteger(zeroMs) ? zeroMs : null;
}

/** The same of a header. */
export function readZeroHeader(text: string | null): number | null {
  return /^-?\d{1,16}$/.test(text ?? "") ? readZeroMember({ [ZERO]: Number(text) }) : null;
}

/** What tells other servers the epoch of a publish; nothing for 0, which is none. */
export function epochMember(epoch: number): AmfObject {
  return epoch === 0 ? {} : { [EPOCH]: epoch };
}

/** The epoch that a script packet tells; null if it tells none. */
export function readEpoch(packet: MediaPacket): number | null {
  return packet.kind === "script" ? readEpochMember(readScript(packet, {})?.metadata ?? {}) : null;
}

/** The epoch that an object of another server tells; null if it tells none. */
export function readEpochMember({ [EPOCH]: epoch }: AmfObject): number | null {
  return typeof epoch === "number" && Number.isSafeInteger(epoch) && epoch > 0 ? epoch : null;
}

/** The epoch in a header; null if there is none. */
export function readEpochHeader(text: string | null): number | null {
  return /^\d{1,16}$/.test(text ?? "") ? readEpochMember({ [EPOCH]: Number(text) }) : null;
}
