import { ProtocolError } from "../../../../src/base/errors.ts";
import { loadConfig, requireConfig, VhostHandle } from "../../../../src/config/mod.ts";
import { encodeMessage } from "../../../../src/rtmp/chunk_writer.ts";
import { userControl, UserControlEvent } from "../../../../src/rtmp/control.ts";
import { RtmpServerSession, type SessionRequest } from "../../../../src/rtmp/server_session.ts";
import type { CloseReason } from "../../../../src/server/close_reason.ts";
import type { RoleHost } from "../../../../src/server/rtmp/role.ts";
import { PlayRole } from "../../../../src/server/play/play_role.ts";
import { Server } from "../../../../src/server/server.ts";
import { assertEquals, assertInstanceOf } from "../../../kit/assert.ts";
import { carry, openReply, TestClient } from "../../../kit/peers/peers.ts";
import { turn } from "../../../kit/memory/manual_timers.ts";
import { TestLog } from "../../../kit/test_log.ts";

/** A connection without a socket, in the middle of a play. */
class PlayingHost implements RoleHost {
  readonly id = "cid00001";
  readonly log = new TestLog();
  readonly server: Server;
  readonly session: RtmpServerSession;
  readonly remoteIp = "127.0.0.1";
  readonly isEncrypted = false;
  readonly bytesIn = 0;
  readonly bytesOut = 0;
  sendsSmallAtOnce = true;
  readonly failures: unknown[] = [];
  readonly finished: [reason: CloseReason, detail: string][] = [];

  constructor(cluster: string) {
    const text = `listen 1935; vhost __defaultVhost__ { cluster { ${cluster} } }`;
    const config = requireConfig(loadConfig({ path: "t.conf", text }));
    this.server = new Server(config, this.log);
    const onRequest = (request: SessionRequest) => {
      if (request.kind === "connect") this.session.acceptConnect(request.id, openReply);
      if (request.kind !== "play") return;
      const vhost = new VhostHandle(this.server, config.vhosts[0]!);
      new PlayRole({ host: this, session: this.session, server: this.server, vhost, askedMs: 0 }, request).start();
    };
    this.session = new RtmpServerSession({ onRequest, onEvent() {}, onMedia() {} }, {
      random: (count) => new Uint8Array(count),
      nowMs: 0,
    });
  }

  guard(fn: () => void): void {
    try {
      fn();
    } catch (error) {
      this.failures.push(error);
    }
  }

  finish(reason: CloseReason, detail: string): void {
    this.finished.push([reason, detail]);
  }

  close(reason: CloseReason, detail: string): void {
    this.finish(reason, detail);
  }

  afterWrite(fn: () => void): void {
    fn();
  }
  wake(): void {}
  onAnswered(): void {}
  readonly isGathering = false;
  readNow(): void {}
  expectInput(): void {}
}

Deno.test({
  name: "PlayRole keeps to itself that its client cannot be told the end: it does not read",
  async fn() {
    const host = new PlayingHost("origin_cluster on; redirect always; owner_timeout 0;");
    const client = new TestClient("play");
    carry(client.session, host.session);
    // The play is accepted and nothing is read any more: answers to pings fill what may wait, to the last byte or so.
    const ping = encodeMessage(userControl(UserControlEvent.PingRequest, 1), 60_000);
    for (let left = 1024 * 1024; left >= ping.length; left -= ping.length) host.session.receive(ping);
    assertEquals(host.failures, []);
    await turn();
    await turn();
    assertEquals(host.failures.length, 1);
    assertInstanceOf(host.failures[0], ProtocolError);
    assertEquals(host.finished.map(([reason]) => reason), ["refused"]);
    await host.server.stop();
  },
});
