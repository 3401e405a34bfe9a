/** Bytes of every packet of an MPEG transport stream. */
export const TS_PACKET_BYTES = 188;

const HEADER_BYTES = 4;
const PAYLOAD_BYTES = TS_PACKET_BYTES - HEADER_BYTES;
const SYNC = 0x47;
/** Length, flags, and the 6 bytes of a clock reference. */
const CLOCK_FIELD_BYTES = 8;
/** Length and flags. */
const FLAGS_FIELD_BYTES = 2;
const CLOCK_90KHZ_WRAP = 2 ** 33;

/** What is written with {@link writeTsPackets}. */
export interface TsUnit {
  readonly pid: number;
  readonly payload: Uint8Array;
  /** Stream time of the clock reference in the first packet, ms; null for none. */
  readonly clockMs: number | null;
  /** A decoder may start here. */
  readonly isKeyframe: boolean;
  /** The counter of this PID does not go on from what came before. */
  readonly isDiscontinuous?: boolean;
  /** A section with its pointer byte, short enough for one packet: such packets are filled up at their end. hls.js takes a second packet for a table too. */
  readonly isSection?: boolean;
}

/** How many packets a unit fills. */
export function tsPacketCount(unit: TsUnit): number {
  const { payload } = unit;
  const first = PAYLOAD_BYTES - firstFieldBytes(unit);
  return payload.length <= first ? 1 : 1 + Math.ceil((payload.length - first) / PAYLOAD_BYTES);
}

/**
 * Writes a unit as packets: the first says that a unit begins, the last is filled up. Source: ISO/IEC 13818-1 §2.4.3.
 *
 * @param counter Continuity counter of the PID, of the first packet.
 * @returns The position after the packets.
 */
export function writeTsPackets(target: Uint8Array, offset: number, unit: TsUnit, counter: number): number {
  const { pid } = unit;
  const payload = unit.isSection ? filledSection(unit) : unit.payload;
  let at = offset;
  let from = 0;
  for (let count = counter; at === offset || from < payload.length; count++) {
    const isFirst = at === offset;
    const needed = isFirst ? firstFieldBytes(unit) : 0;
    const taken = Math.min(PAYLOAD_BYTES - needed, payload.length - from);
    const fieldBytes = PAYLOAD_BYTES - taken;
    target[at] = SYNC;
    target[at + 1] = (isFirst ? 0x40 : 0) | pid >>> 8;
    target[at + 2] = pid & 255;
    target[at + 3] = (fieldBytes > 0 ? 0x30 : 0x10) | count & 15;
    if (fieldBytes > 0) writeField(target, at + HEADER_BYTES, fieldBytes, isFirst ? unit : null);
    target.set(payload.subarray(from, from + taken), at + HEADER_BYTES + fieldBytes);
    from += taken;
    at += TS_PACKET_BYTES;
  }
  return at;
}

function filledSection(unit: TsUnit): Uint8Array {
  const out = new Uint8Array(PAYLOAD_BYTES - firstFieldBytes(unit)).fill(0xff);
  out.set(unit.payload);
  return out;
}

/** Writes a time stamp as it stands in the header of a PES packet, 5 bytes. Source: ISO/IEC 13818-1 §2.4.3.6. */
export function writeTimestamp(target: Uint8Array, at: number, prefix: number, timeMs: number): void {
  const time = to90kHz(timeMs);
  const high = Math.floor(time / 2 ** 30);
  const low = time % 2 ** 30;
  target[at] = prefix << 4 | high << 1 | 1;
  target[at + 1] = low >>> 22;
  target[at + 2] = low >>> 14 & 0xfe | 1;
  target[at + 3] = low >>> 7;
  target[at + 4] = low << 1 & 0xfe | 1;
}

function to90kHz(timeMs: number): number {
  return (timeMs * 90 % CLOCK_90KHZ_WRAP + CLOCK_90KHZ_WRAP) % CLOCK_90KHZ_WRAP;
}

function firstFieldBytes({ clockMs, isKeyframe, isDiscontinuous = false }: TsUnit): number {
  return clockMs !== null ? CLOCK_FIELD_BYTES : isKeyframe || isDiscontinuous ? FLAGS_FIELD_BYTES : 0;
}

/** An adaptation field of so many bytes, filled up with 0xff. @param unit Null in packets after the first of a unit. */
function writeField(target: Uint8Array, at: number, bytes: number, unit: TsUnit | null): void {
  target[at] = bytes - 1;
  if (bytes === 1) return;
  target.fill(0xff, at + 2, at + bytes);
  const { clockMs = null, isKeyframe = false, isDiscontinuous = false } = unit ?? {};
  target[at + 1] = (isDiscontinuous ? 0x80 : 0) | (isKeyframe ? 0x40 : 0) | (clockMs === null ? 0 : 0x10);
  if (clockMs === null) return;
  const base = to90kHz(clockMs);
  const high = Math.floor(base / 2);
  target[at + 2] = high >>> 24;
  target[at + 3] = high >>> 16;
  target[at + 4] = high >>> 8;
  target[at + 5] = high;
  target[at + 6] = base % 2 << 7 | 0x7e;
  target[at + 7] = 0;
}
