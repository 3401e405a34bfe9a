import type { Timers } from "../../base/clock.ts";
import { ProtocolError } from "../../base/errors.ts";
import type { TimedTag } from "../../flv/looper.ts";
import { Pacer } from "../../flv/pacer.ts";
import { FlvTagType } from "../../flv/tag.ts";
import { pause } from "../pause.ts";
import { type OutgoingMessage, PushGate } from "./gate.ts";
import { SendQueue } from "./queue.ts";

/** What is needed of a connection that publishes. */
export interface PublishClient {
  publish(typeId: number, timestampMs: number, payload: Uint8Array): void;
  readonly enqueuedBytes: number;
  readonly bytesOut: number;
}

/** What a push counts, over all its connections. */
export interface PushCounters {
  /** Payload bytes handed to a connection. */
  bytes: number;
  videoFrames: number;
  audioFrames: number;
  /** Frames of both kinds left out because the network was too slow. */
  droppedFrames: number;
  /** Where in the stream the push is. */
  mediaMs: number;
}

const AHEAD_MS = 200;
const MAX_BURST_MS = 500;
const QUEUE_LIMITS = { maxLagMs: 2000, maxBytes: 4 * 1024 * 1024, resumeLagMs: 200 };

/**
 * Moves media from the file to whichever connection there is, at the pace of its times.
 *
 * Time goes on while there is no connection, as for a camera: of what falls into the gap the newest GOP is sent.
 */
export class PushFeed {
  readonly counters: PushCounters = { bytes: 0, videoFrames: 0, audioFrames: 0, droppedFrames: 0, mediaMs: 0 };
  readonly #timers: Timers;
  readonly #pacer: Pacer;
  readonly #gate = new PushGate();
  #client: PublishClient | null = null;
  #queue = new SendQueue(QUEUE_LIMITS);
  /** From a jam to the next keyframe. */
  #isDropping = false;

  constructor(timers: Timers) {
    this.#timers = timers;
    this.#pacer = new Pacer(timers, { aheadMs: AHEAD_MS, maxBurstMs: MAX_BURST_MS });
  }

  /** There is a connection that takes the stream. */
  get isAttached(): boolean {
    return this.#client !== null;
  }

  /** A server takes the stream: it gets the headers and then media from the newest keyframe on. */
  attach(client: PublishClient): void {
    this.#client = client;
    this.#queue = new SendQueue(QUEUE_LIMITS);
    this.#isDropping = false;
    this.#gate.restart();
  }

  /** The connection is gone. */
  detach(): void {
    this.#client = null;
  }

  /** How long the oldest unsent message has been waiting. */
  lagMs(): number {
    if (this.#client === null) return 0;
    const nowMs = this.#timers.nowMs();
    this.#queue.update(nowMs, stateOf(this.#client));
    return this.#queue.lagMs(nowMs);
  }

  /** Sends until the media ends or `stop` aborts. Throws what reading throws. */
  async run(media: AsyncIterable<TimedTag>, stop: AbortSignal): Promise<void> {
    for await (const tag of media) {
      const waitMs = this.#pacer.waitMs(tag.timeMs);
      if (waitMs > 0) await pause(this.#timers, waitMs, stop);
      if (stop.aborted) return;
      this.#send(tag);
    }
  }

  #send(tag: TimedTag): void {
    this.counters.mediaMs = Math.max(this.counters.mediaMs, tag.timeMs);
    const client = this.#client;
    const isJammed = client !== null && this.#queue.update(this.#timers.nowMs(), stateOf(client));
    const messages = this.#gate.offer(tag, client !== null && !isJammed);
    if (client === null) return;
    if (isJammed) this.#isDropping = true;
    if (messages === null) {
      if (this.#isDropping) this.counters.droppedFrames++;
      return;
    }
    if (messages.length > 0) this.#isDropping = false;
    for (const message of messages) this.#publish(client, message);
  }

  #publish(client: PublishClient, { typeId, timeMs, payload, isFrame }: OutgoingMessage): void {
    try {
      client.publish(typeId, timeMs >>> 0, payload);
    } catch (error) {
      // A message larger than the connection's queue.
      if (!(error instanceof ProtocolError)) throw error;
      this.counters.droppedFrames++;
      this.#gate.hold();
      return;
    }
    this.#queue.note(this.#timers.nowMs(), stateOf(client));
    this.counters.bytes += payload.length;
    if (!isFrame) return;
    if (typeId === FlvTagType.Video) this.counters.videoFrames++;
    else this.counters.audioFrames++;
  }
}

function stateOf({ enqueuedBytes, bytesOut }: PublishClient) {
  return { enqueuedBytes, sentBytes: bytesOut };
}
