import { assert, assertEquals } from "../assert.ts";

/** One elementary stream's unit, as a receiver puts it together. */
export interface ReadUnit {
  pid: number;
  ptsMs: number;
  dtsMs: number;
  data: Uint8Array;
}

/** What a receiver makes of a transport stream; throws at anything that is not as ISO/IEC 13818-1 wants it. */
export class TsReader {
  /** Stream type by PID, of the newest map. */
  streams = new Map<number, number>();
  /** Versions of the maps. */
  readonly versions: number[] = [];
  readonly units: ReadUnit[] = [];
  /** Clock references, ms, by PID. */
  readonly clocks: [pid: number, ms: number][] = [];
  /** PIDs of packets where a decoder may start. */
  readonly randomAccess: number[] = [];
  #mapPid = -1;
  #clockPid = -1;
  readonly #counters = new Map<number, number>();
  readonly #open = new Map<number, Uint8Array[]>();

  push(bytes: Uint8Array): void {
    assertEquals(bytes.length % 188, 0);
    for (let at = 0; at < bytes.length; at += 188) this.#packet(bytes.subarray(at, at + 188));
  }

  end(): void {
    for (const pid of [...this.#open.keys()]) this.#close(pid);
  }

  #packet(packet: Uint8Array): void {
    assertEquals(packet[0], 0x47);
    const pid = (packet[1]! & 31) << 8 | packet[2]!;
    const counter = packet[3]! & 15;
    const before = this.#counters.get(pid);
    if (before !== undefined) assertEquals(counter, before + 1 & 15, `counter of ${pid}`);
    this.#counters.set(pid, counter);
    let at = 4;
    if ((packet[3]! & 0x20) !== 0) {
      const length = packet[4]!;
      if (length > 0) this.#field(pid, packet.subarray(5, 5 + length));
      at = 5 + length;
    }
    assert((packet[3]! & 0x10) !== 0 && at < 188, "there is a payload");
    const isStart = (packet[1]! & 0x40) !== 0;
    const payload = packet.subarray(at);
    if (pid === 0 || pid === this.#mapPid) return this.#section(pid, payload);
    // Other tables, such as the names of services.
    if (pid < 0x20) return;
    if (isStart) {
      this.#close(pid);
      this.#open.set(pid, []);
    }
    this.#open.get(pid)!.push(payload);
  }

  #field(pid: number, field: Uint8Array): void {
    if ((field[0]! & 0x40) !== 0) this.randomAccess.push(pid);
    if ((field[0]! & 0x10) === 0) return;
    const view = new DataView(field.buffer, field.byteOffset);
    this.clocks.push([pid, (view.getUint32(1) * 2 + (field[5]! >>> 7)) / 90]);
    if (this.#clockPid >= 0) assertEquals(pid, this.#clockPid, "the clock is where the map says");
  }

  #section(pid: number, payload: Uint8Array): void {
    assertEquals(payload[0], 0, "pointer");
    const length = (payload[2]! & 15) << 8 | payload[3]!;
    const section = payload.subarray(1, 4 + length);
    assertEquals(crc(section), 0, "CRC");
    assert(payload.subarray(4 + length).every((byte) => byte === 0xff));
    if (pid === 0) {
      this.#mapPid = (section[10]! & 31) << 8 | section[11]!;
      return;
    }
    this.versions.push(section[5]! >>> 1 & 31);
    this.#clockPid = (section[8]! & 31) << 8 | section[9]!;
    this.streams = new Map();
    for (let at = 12; at + 4 < section.length; at += 5) {
      this.streams.set((section[at + 1]! & 31) << 8 | section[at + 2]!, section[at]!);
    }
  }

  #close(pid: number): void {
    const parts = this.#open.get(pid);
    this.#open.delete(pid);
    if (parts === undefined) return;
    const pes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      pes.set(part, at);
      at += part.length;
    }
    assertEquals([...pes.subarray(0, 3)], [0, 0, 1]);
    const told = pes[4]! << 8 | pes[5]!;
    if (told > 0) assertEquals(told, pes.length - 6);
    const hasDts = (pes[7]! & 0x40) !== 0;
    const ptsMs = time(pes, 9);
    this.units.push({ pid, ptsMs, dtsMs: hasDts ? time(pes, 14) : ptsMs, data: pes.subarray(9 + pes[8]!) });
  }
}

function time(bytes: Uint8Array, at: number): number {
  for (const i of [0, 2, 4]) assertEquals(bytes[at + i]! & 1, 1, "marker");
  const high = bytes[at]! >>> 1 & 7;
  const low = (bytes[at + 1]! << 22 | bytes[at + 2]! >>> 1 << 15 | bytes[at + 3]! << 7 | bytes[at + 4]! >>> 1) >>> 0;
  return (high * 2 ** 30 + low) / 90;
}

/** Over a section with its own CRC: 0. */
function crc(bytes: Uint8Array): number {
  let value = 0xffff_ffff;
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit--) {
      const top = value >>> 31 ^ byte >>> bit & 1;
      value = value << 1 ^ (top === 1 ? 0x04c1_1db7 : 0);
    }
  }
  return value >>> 0;
}
