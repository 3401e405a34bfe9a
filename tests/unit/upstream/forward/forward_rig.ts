import { LiveSource } from "../../../../src/stream/live_source.ts";
import type { PublishSession } from "../../../../src/stream/publish_session.ts";
import type { RtmpClientOptions } from "../../../../src/upstream/client/rtmp_client.ts";
import { sourceOptions } from "../../../kit/media/packets.ts";
import { PullRig } from "../../../kit/peers/pull_rig.ts";

/** A published stream that is to be sent elsewhere, and servers in memory on manual time. */
export class ForwardRig extends PullRig {
  readonly published = new LiveSource("/live/s", { ...sourceOptions, mwLatencyMs: 0 }, this.timers, () => {});
  readonly publisher: PublishSession = this.published.startPublish("client");

  session(): RtmpClientOptions["session"] {
    return {
      role: "publish",
      tcUrl: "rtmp://10.0.0.1/live",
      app: "live",
      name: "s",
      chunkSizeBytes: 60_000,
      handshake: "digest",
      canReconnect: true,
    };
  }

  clientOptions(): RtmpClientOptions {
    return {
      host: "10.0.0.1",
      port: 1935,
      connectTimeoutMs: 1000,
      handshakeTimeoutMs: 1000,
      timers: this.timers,
      network: this.edge,
      session: this.session(),
    };
  }
}
