import { ByteWriter } from "../base/bytes.ts";
import { ProtocolError } from "../base/errors.ts";
import { splitAggregate } from "./aggregate.ts";
import type { ByteBudget } from "./byte_budget.ts";
import { ChunkReader, defaultChunkLimits } from "./chunk_reader.ts";
import { ChunkWriter, encodeMessage } from "./chunk_writer.ts";
import { decodeCommand, type RtmpCommand } from "./command.ts";
import {
  acknowledgement,
  readControlValue,
  readUserControl,
  setChunkSize,
  type UserControl,
  userControl,
  UserControlEvent,
  windowAckSize,
} from "./control.ts";
import { MessageType, type RtmpMessage } from "./message.ts";

/** What a link hands up to the session that owns it. */
export interface LinkSink {
  onCommand(command: RtmpCommand, message: RtmpMessage): void;
  /** Audio, video and data messages; aggregates come in their parts. */
  onMedia(message: RtmpMessage): void;
  onUserControl(event: UserControl): void;
}

/** Options of a link. */
export interface LinkOptions {
  /** Shorten headers against earlier messages (types 1 to 3). Off: every message starts with type 0, as SRS sends. */
  compressHeaders: boolean;
  /** Most bytes that may wait to be sent: a peer that asks and never reads is cut off there. */
  maxOutputBytes: number;
  /** Of what all links hold of unfinished messages; see {@link RtmpLink.close}. */
  partialBudget?: ByteBudget | null;
  /** {@link ChunkReader.lendsMedia}. */
  lendsMedia?: boolean;
}

/**
 * The part of a session that is the same at both ends, once the handshake is done: chunks to messages and back, chunk
 * sizes, acknowledgements, window sizes, ping.
 */
export class RtmpLink {
  readonly #sink: LinkSink;
  readonly #reader: ChunkReader;
  readonly #compressor: ChunkWriter | null;
  readonly #maxOutputBytes: number;
  #outChunkSize = 128;
  #output: ByteWriter | null = null;
  #bytesIn = 0;
  #acknowledged = 0;
  /** The peer wants an acknowledgement after this many bytes; 0 is never. */
  #ackWindow = 0;
  #windowSent = 0;

  constructor(sink: LinkSink, options: LinkOptions) {
    this.#sink = sink;
    const { partialBudget = null, lendsMedia = false } = options;
    this.#reader = new ChunkReader((message) => this.#dispatch(message), defaultChunkLimits, partialBudget);
    this.#reader.lendsMedia = lendsMedia;
    this.#compressor = options.compressHeaders ? new ChunkWriter() : null;
    this.#maxOutputBytes = options.maxOutputBytes;
  }

  /** Bytes received after the handshake. */
  get bytesIn(): number {
    return this.#bytesIn;
  }

  /** Bytes held of messages that are not complete. */
  get partialBytes(): number {
    return this.#reader.partialBytes;
  }

  /** At most so many are held from here on. */
  set maxPartialBytes(bytes: number) {
    this.#reader.maxPartialBytes = bytes;
  }

  /** Drops what is unfinished, and gives it back to the budget. Nothing may be received afterwards. */
  close(): void {
    this.#reader.close();
  }

  /** Behaves as if the peer had announced this window (`in_ack_size` of SRS); 0 leaves it to the peer. */
  assumeAckWindow(bytes: number): void {
    if (bytes > 0) this.#ackWindow = bytes;
  }

  /**
   * Reads bytes that follow the handshake.
   *
   * @throws {ProtocolError} If the peer breaks the protocol.
   */
  receive(bytes: Uint8Array): void {
    this.#bytesIn += bytes.length;
    this.#reader.push(bytes);
    // As SRS: at half the window, so that the peer never waits. The sequence number wraps at 2^32.
    if (this.#ackWindow > 0 && this.#bytesIn - this.#acknowledged >= this.#ackWindow / 2) {
      this.#acknowledged = this.#bytesIn;
      this.send(acknowledgement(this.#bytesIn % 2 ** 32));
    }
  }

  /** Bytes that wait for {@link takeOutput}. */
  get outputBytes(): number {
    return this.#output?.length ?? 0;
  }

  /** Queues a message for {@link takeOutput}. */
  send(message: RtmpMessage): void {
    const bytes = this.#compressor?.encode(message) ?? encodeMessage(message, this.#outChunkSize);
    this.sendRaw(bytes);
  }

  /** Queues bytes that are encoded already (handshake). */
  sendRaw(bytes: Uint8Array): void {
    if (this.outputBytes + bytes.length > this.#maxOutputBytes) {
      throw new ProtocolError(
        "RtmpMsgInvalidSize",
        `peer does not read: ${this.outputBytes} bytes of replies are waiting`,
      );
    }
    this.#output ??= new ByteWriter(Math.max(512, bytes.length));
    this.#output.writeBytes(bytes);
  }

  /** Announces and uses a chunk size; nothing is sent when it is in force already. */
  setOutChunkSize(bytes: number): void {
    if (bytes === this.#outChunkSize) return;
    this.send(setChunkSize(bytes));
    this.#outChunkSize = bytes;
    if (this.#compressor !== null) this.#compressor.chunkSize = bytes;
  }

  sendWindowAckSize(bytes: number): void {
    this.#windowSent = bytes;
    this.send(windowAckSize(bytes));
  }

  /** Moves out the bytes to be sent, or null when there are none. */
  takeOutput(): Uint8Array<ArrayBuffer> | null {
    const out = this.#output?.view() ?? null;
    this.#output = null;
    return out;
  }

  #dispatch(message: RtmpMessage): void {
    switch (message.typeId) {
      case MessageType.Audio:
      case MessageType.Video:
      case MessageType.Data:
      case MessageType.DataAmf3:
        return this.#sink.onMedia(message);
      case MessageType.Command:
      case MessageType.CommandAmf3: {
        const command = decodeCommand(message);
        if (command !== null) this.#sink.onCommand(command, message);
        return;
      }
      case MessageType.Aggregate:
        for (const part of splitAggregate(message)) this.#sink.onMedia(part);
        return;
      case MessageType.WindowAckSize: {
        const window = readControlValue(message.payload);
        if (window > 0) this.#ackWindow = window;
        return;
      }
      case MessageType.SetPeerBandwidth:
        return this.#onPeerBandwidth(readControlValue(message.payload));
      case MessageType.UserControl:
        return this.#onUserControl(message.payload);
    }
    // Acknowledgements, shared objects and unknown types mean nothing to a relay.
  }

  #onPeerBandwidth(bytes: number): void {
    if (bytes > 0 && bytes !== this.#windowSent) this.sendWindowAckSize(bytes);
  }

  #onUserControl(payload: Uint8Array): void {
    const event = readUserControl(payload);
    if (event === null) return;
    if (event.event === UserControlEvent.PingRequest) {
      this.send(userControl(UserControlEvent.PingResponse, event.value));
    } else this.#sink.onUserControl(event);
  }
}
