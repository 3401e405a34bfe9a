import { BlockPool } from "./block_pool.ts";
import type { MediaPacket } from "./packet.ts";
import { PacketCursor } from "./packet_cursor.ts";
import { PacketLog } from "./packet_log.ts";
import type { PlayCursor } from "./play_cursor.ts";
import type { ReadableWireFormat, WireFormat } from "./wire_format.ts";

/** A log beside the main one, and how many players have it. */
interface SideLog {
  readonly format: WireFormat;
  readonly log: PacketLog;
  players: number;
}

/**
 * The logs of one stream: the main one, and one for each further wire format, for as long as somebody plays it.
 *
 * A player of a side log costs what a player of the main one does; the format itself costs one more encoding of each
 * packet.
 */
export class LogSet {
  /** The log that is always there. */
  readonly main: PacketLog;
  readonly #format: ReadableWireFormat;
  readonly #pool: BlockPool;
  #all: readonly PacketLog[];
  #side: SideLog[] = [];
  /** Side logs of those players that have one. */
  readonly #ofPlayer = new Map<object, SideLog>();

  constructor(format: ReadableWireFormat, pool = new BlockPool()) {
    this.#format = format;
    this.#pool = pool;
    this.main = new PacketLog(format, pool);
    this.#all = [this.main];
  }

  /** Every log, to do the same to each. */
  get all(): readonly PacketLog[] {
    return this.#all;
  }

  /** Encodes a packet once for each format; see {@link PacketLog.append}. */
  append(packet: MediaPacket, atMs: number): void {
    for (const log of this.#all) log.append(packet, atMs);
  }

  /** See {@link PacketLog.flush}. */
  flush(wakesAll = true): void {
    for (const log of this.#all) log.flush(wakesAll);
  }

  /** Tells those that follow a log elsewhere of what was flushed. */
  tellFollowers(): void {
    for (const log of this.#all) log.tail.tell();
  }

  /**
   * The log of a format for a player that has none yet. The first one finds the newest GOP in it too, taken from the
   * main log as far as that is flushed.
   */
  acquire(player: object, format: WireFormat): PacketLog {
    let side = this.#side.find((known) => known.format === format);
    if (side === undefined) {
      side = { format, log: this.#copyGop(format), players: 0 };
      this.#setSide([...this.#side, side]);
    }
    side.players++;
    this.#ofPlayer.set(player, side);
    return side.log;
  }

  /** Takes a player's side log back, if it has one. */
  release(player: object): void {
    const side = this.#ofPlayer.get(player);
    if (side === undefined) return;
    this.#ofPlayer.delete(player);
    if (--side.players === 0) this.#setSide(this.#side.filter((each) => each !== side));
  }

  /** The packets after a cursor of the main log. */
  packetsOf(cursor: PlayCursor): PacketCursor {
    return new PacketCursor(cursor, this.#format);
  }

  /** Packets of the newest GOP, as far as they are flushed. */
  gop(): MediaPacket[] {
    const packets: MediaPacket[] = [];
    this.main.forEachOfGop((bytes) => packets.push(this.#format.read(bytes)));
    return packets;
  }

  /** Packets of the newest GOP of the publisher that has left, and of all that came after it. */
  endedGop(): MediaPacket[] {
    const packets: MediaPacket[] = [];
    this.main.forEachOfEndedGop((bytes) => packets.push(this.#format.read(bytes)));
    return packets;
  }

  #setSide(side: SideLog[]): void {
    this.#side = side;
    this.#all = [this.main, ...side.map(({ log }) => log)];
  }

  #copyGop(format: WireFormat): PacketLog {
    const log = new PacketLog(format, this.#pool);
    const { keyframe, endedKeyframe } = this.main;
    const start = keyframe ?? endedKeyframe;
    if (start === null) return log;
    log.startGop(start.headers);
    const copy = (bytes: Uint8Array, atMs: number) => {
      log.append(this.#format.read(bytes), atMs);
      // One by one: a whole GOP is no measure of what a flush will bring.
      log.flush();
    };
    if (keyframe !== null) this.main.forEachOfGop(copy);
    else {
      this.main.forEachOfEndedGop(copy);
      // The next publisher may go on with it.
      log.endRun();
    }
    return log;
  }
}
