import type { Timers } from "../../base/clock.ts";
import { LiveSource } from "../../stream/live_source.ts";
import type { SourceOptions } from "../../stream/source_options.ts";
import { isKeyframe, type MediaPacket } from "../../stream/packet.ts";
import type { PublishSession } from "../../stream/publish_session.ts";

/**
 * Keeps the newest headers and GOP of a publisher that stands by, so that it can take over with a keyframe at once: a
 * source of its own that nobody plays.
 */
export class StandbyFeed {
  readonly #source: LiveSource;
  readonly #session: PublishSession;
  #hasKeyframe = false;

  constructor(key: string, options: SourceOptions, timers: Timers) {
    this.#source = new LiveSource(key, { ...options, gopCache: true, timeJitter: "off" }, timers, () => {});
    this.#session = this.#source.startPublish("client");
  }

  /** Players would have a picture at once, or sound where there is no picture. */
  get canBegin(): boolean {
    return this.#hasKeyframe || this.#source.hasAudio && !this.#source.hasVideo;
  }

  publish(packet: MediaPacket): void {
    this.#hasKeyframe ||= isKeyframe(packet);
    this.#session.publish(packet);
  }

  /**
   * Hands headers and GOP to `publish`, one packet after the other, with the times that the publisher gave them.
   */
  handOver(publish: (packet: MediaPacket) => void): void {
    const player = { wake: () => {}, onPublishChange: () => {} };
    const cursor = this.#source.attachForPackets(player);
    let hasFrames = false;
    for (let packet = cursor.next(); packet !== null; packet = cursor.next()) {
      hasFrames = true;
      publish(packet);
    }
    this.#source.detach(player);
    // They stand before frames only, and the first one is still to come.
    if (!hasFrames) { for (const header of this.#source.meta.headers.packets) publish(header); }
  }
}
