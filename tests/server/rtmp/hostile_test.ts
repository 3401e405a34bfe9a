import type { AmfValue } from "../../../src/amf/amf0.ts";
import { MessageType } from "../../../src/rtmp/message.ts";
import { assertEquals, assertGreater, assertLess } from "../../kit/assert.ts";
import { Prng } from "../../kit/media/mutate.ts";
import { besideHealthyPlayer, RawPeer, serverTest, sleep, TestServer, until } from "../../kit/server/rtmp_rig.ts";

const realTime = "min_latency on;";
const prng = new Prng(7);
const text = (value: string) => new TextEncoder().encode(value);

/** A connect whose object nests 10,000 deep. */
function nestedAmf(): Uint8Array {
  const open = [0, 1, 0x61, 3];
  return Uint8Array.of(
    2,
    0,
    7,
    ...text("connect"),
    0,
    0x3f,
    0xf0,
    0,
    0,
    0,
    0,
    0,
    0,
    3,
    ...Array(10_000).fill(open).flat(),
  );
}

/** Type 0 header that announces a message. */
function announce(csid: number, typeId: number, lengthBytes: number): Uint8Array {
  const basic = csid < 64 ? [csid] : csid < 320 ? [0, csid - 64] : [1, (csid - 64) & 255, (csid - 64) >> 8];
  return Uint8Array.of(
    ...basic,
    0,
    0,
    0,
    lengthBytes >> 16,
    (lengthBytes >> 8) & 255,
    lengthBytes & 255,
    typeId,
    1,
    0,
    0,
    0,
  );
}

/** What a client does, and what the log says of its end. The server closes at once. */
const crimes: { name: string; commit: (port: number) => Promise<RawPeer>; log: RegExp }[] = [
  {
    name: "random bytes",
    commit: (port) => say(RawPeer.dial(port), Uint8Array.of(0x77, ...prng.bytes(50_000))),
    log: /protocolError, code=2004/,
  },
  {
    name: "random bytes behind a version 3",
    commit: (port) => say(RawPeer.dial(port), Uint8Array.of(3, ...prng.bytes(3072), 0x43, ...prng.bytes(50_000))),
    log: /protocolError, code=20\d\d/,
  },
  {
    name: "HTTP",
    commit: (port) => say(RawPeer.dial(port), text("GET /live/livestream.flv HTTP/1.1\r\nHost: x\r\n\r\n")),
    log: /protocolError, code=2004/,
  },
  {
    name: "TLS",
    commit: (port) => say(RawPeer.dial(port), Uint8Array.of(0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, ...prng.bytes(400))),
    log: /protocolError, code=2004/,
  },
  {
    name: "60,000 chunk streams",
    commit: async (port) => {
      const peer = await RawPeer.connect(port);
      peer.setChunkSize(1);
      for (let csid = 64; csid < 60_000 && !peer.closed; csid++) {
        if (!await peer.send(Uint8Array.of(...announce(csid, MessageType.Video, 1000), 7))) break;
      }
      return peer;
    },
    log: /more than 64 chunk streams/,
  },
  {
    name: "50 messages of 16 MB, each of them begun",
    commit: async (port) => {
      const peer = await RawPeer.connect(port);
      const piece = new Uint8Array(1024 * 1024);
      peer.setChunkSize(piece.length);
      for (let csid = 4; csid < 54 && !peer.closed; csid++) {
        await peer.send(announce(csid, MessageType.Video, 0xffffff));
        if (!await peer.send(piece)) break;
      }
      return peer;
    },
    log: /more than 1048576 bytes of unfinished messages/,
  },
  {
    name: "a command of 2 MB",
    commit: (port) => say(RawPeer.connect(port), announce(3, MessageType.Command, 2_000_000)),
    log: /announces 2000000 bytes/,
  },
  {
    name: "nested AMF",
    commit: async (port) => {
      const peer = await RawPeer.shakeHands(port);
      await peer.message(MessageType.Command, nestedAmf());
      return peer;
    },
    log: /protocolError, code=2008/,
  },
  {
    name: "a chunk size of 0",
    commit: async (port) => {
      const peer = await RawPeer.connect(port);
      await peer.message(MessageType.SetChunkSize, new Uint8Array(4), 2);
      return peer;
    },
    log: /sets chunk size 0/,
  },
  {
    name: "a chunk stream that begins with type 3",
    commit: (port) => say(RawPeer.connect(port), Uint8Array.of(0xc9, 1, 2, 3)),
    log: /starts with a chunk of type 3/,
  },
  {
    name: "publish before connect",
    commit: (port) => call(RawPeer.shakeHands(port), "publish", 2, null, "s"),
    log: /before connect/,
  },
  {
    name: "connect without tcUrl",
    commit: (port) => call(RawPeer.shakeHands(port), "connect", 1, { app: "live" }),
    log: /connect without tcUrl/,
  },
  { name: "a second connect", commit: (port) => call(RawPeer.connect(port), "connect", 2, {}), log: /second connect/ },
  {
    name: "a name with ../",
    commit: (port) => call(RawPeer.connect(port), "publish", 2, null, "../../etc/passwd"),
    log: /invalid name/,
  },
  {
    name: "a play of ../",
    commit: (port) => call(RawPeer.connect(port), "play", 2, null, "a/../b"),
    log: /invalid name/,
  },
  {
    name: "an encoded ../",
    commit: (port) => call(RawPeer.connect(port), "play", 2, null, "%2e%2e"),
    log: /invalid name/,
  },
  {
    name: "a name with a line end",
    commit: (port) => call(RawPeer.connect(port), "play", 2, null, "a\u0000b"),
    log: /invalid name/,
  },
  {
    name: "a name of 5000 characters",
    commit: (port) => call(RawPeer.connect(port), "publish", 2, null, "x".repeat(5000)),
    log: /name of 5000 characters/,
  },
  {
    name: "no name",
    commit: (port) => call(RawPeer.connect(port), "publish", 2, null, ""),
    log: /2051\(StreamNameEmpty\)/,
  },
];

async function say(peer: Promise<RawPeer>, bytes: Uint8Array): Promise<RawPeer> {
  await (await peer).send(bytes);
  return peer;
}

async function call(peer: Promise<RawPeer>, name: string, id: number, ...values: AmfValue[]): Promise<RawPeer> {
  await (await peer).command(name, id, ...values);
  return peer;
}

serverTest("RtmpServer ends those who break the protocol, says why, and nobody else notices", async () => {
  await using server = new TestServer(realTime, "client_timeout 3000;");
  await besideHealthyPlayer(server, async () => {
    for (const { name, commit, log } of crimes) {
      const before = server.log.lines.length;
      using peer = await commit(server.port);
      await peer.waitForEnd();
      peer[Symbol.dispose]();
      await until(`the log tells of ${name}`, () => server.log.lines.slice(before).some((line) => log.test(line)));
    }
  });
});

serverTest("RtmpServer tells a client why its name is refused", async () => {
  await using server = new TestServer(realTime);
  using publisher = await call(RawPeer.connect(server.port), "publish", 2, null, "../x");
  using player = await call(RawPeer.connect(server.port), "play", 2, null, "../x");
  await Promise.all([publisher.waitForEnd(), player.waitForEnd()]);
  assertEquals(publisher.codes, ["NetStream.Publish.Denied"]);
  assertEquals(player.codes, ["NetStream.Play.Failed"]);
});

serverTest("RtmpServer gives nobody more than client_timeout to come to the point", async () => {
  await using server = new TestServer(realTime, "client_timeout 1000;");
  const startedMs = performance.now();
  await besideHealthyPlayer(server, async () => {
    using silent = await RawPeer.dial(server.port);
    using half = await say(RawPeer.dial(server.port), Uint8Array.of(3, ...new Uint8Array(700)));
    using slow = await RawPeer.dial(server.port);
    using handshaken = await RawPeer.shakeHands(server.port);
    using connected = await RawPeer.connect(server.port);
    using announcing = await say(RawPeer.connect(server.port), announce(4, MessageType.Video, 0xffffff));
    const drip = (async () => {
      await slow.send(Uint8Array.of(3));
      for (slow.drain(); !slow.closed; await sleep(50)) await slow.send(Uint8Array.of(0));
    })();
    const all = [silent, half, slow, handshaken, connected, announcing];
    await Promise.all(all.map((peer) => peer.waitForEnd(4000)));
    await drip;
    assertEquals(server.log.find("timeout, sent neither publish nor play within 1000 ms").length, all.length);
  });
  assertGreater(performance.now() - startedMs, 1000);
});

serverTest("RtmpServer lets go of clients that leave in the middle of anything", async () => {
  await using server = new TestServer(realTime);
  await besideHealthyPlayer(server, async () => {
    const peers = [
      await RawPeer.dial(server.port),
      await say(RawPeer.dial(server.port), Uint8Array.of(3, ...new Uint8Array(700))),
      await RawPeer.shakeHands(server.port),
      await say(RawPeer.connect(server.port), announce(4, MessageType.Video, 0xffffff)),
      await call(RawPeer.connect(server.port), "play", 2, null, "nobody"),
      await call(RawPeer.connect(server.port), "publish", 2, null, "mine"),
    ];
    await until("a publish and a play", () => server.server.registry.clientCount === 4);
    for (const peer of peers) peer[Symbol.dispose]();
  });
});

serverTest("RtmpServer holds little for a publisher that announces 16 MB and never sends them", async () => {
  await using server = new TestServer(`${realTime} publish { firstpkt_timeout 1000; }`);
  await besideHealthyPlayer(server, async () => {
    const before = Deno.memoryUsage().external;
    const peers = await Promise.all(Array.from({ length: 20 }, async (_, i) => {
      const peer = await call(RawPeer.connect(server.port), "publish", 2, null, `big${i}`);
      await peer.setChunkSize(1);
      for (let csid = 4; csid < 60; csid++) {
        await peer.send(Uint8Array.of(...announce(csid, MessageType.Video, 0xffffff), 7));
      }
      return peer;
    }));
    assertLess(Deno.memoryUsage().external - before, 50_000_000);
    await Promise.all(peers.map((peer) => peer.waitForEnd()));
    for (const peer of peers) peer[Symbol.dispose]();
    assertEquals(server.log.find("sent nothing for 1000 ms").length, 20);
  });
});
