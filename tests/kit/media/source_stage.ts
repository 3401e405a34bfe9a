import { LiveSource } from "../../../src/stream/live_source.ts";
import type { SourceOptions } from "../../../src/stream/source_options.ts";
import type { PublishSession } from "../../../src/stream/publish_session.ts";
import type { MediaPacket } from "../../../src/stream/packet.ts";
import { ManualTimers } from "../memory/manual_timers.ts";
import { audioHeader, metadata, sourceOptions, videoHeader } from "./packets.ts";

/** A source on a clock of its own. */
export class SourceStage {
  readonly timers = new ManualTimers();
  readonly source: LiveSource;
  idleCalls = 0;

  constructor(options: Partial<SourceOptions> = {}) {
    this.source = new LiveSource("/live/a", { ...sourceOptions, ...options }, this.timers, () => this.idleCalls++);
  }

  publisher(...packets: MediaPacket[]): PublishSession {
    const session = this.source.startPublish("client");
    send(session, ...packets);
    return session;
  }

  flush(): void {
    this.timers.advance(this.source.options.mwLatencyMs);
  }
}

/** Publishes all of them. */
export function send(session: PublishSession, ...packets: MediaPacket[]): void {
  for (const packet of packets) session.publish(packet);
}

/** What an encoder begins with. */
export const start = [metadata(1), videoHeader(2), audioHeader(3)];
