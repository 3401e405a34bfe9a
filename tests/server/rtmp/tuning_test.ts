import { encodeAmf0 } from "../../../src/amf/amf0.ts";
import { systemTimers } from "../../../src/base/clock.ts";
import { networkOf } from "../../../src/net/network.ts";
import { systemWorld } from "../../../src/net/system_world.ts";
import { RtmpClient } from "../../../src/upstream/client/rtmp_client.ts";
import { MessageType } from "../../../src/rtmp/message.ts";
import { assertEquals, assertGreater, assertLess } from "../../kit/assert.ts";
import { inter, key, label } from "../../kit/media/packets.ts";
import { FlvViewer, WebServer } from "../../kit/server/http_flv_rig.ts";
import { Publisher, RawPeer, serverTest, sleep, TestServer, until } from "../../kit/server/rtmp_rig.ts";
import { noDelaysAt } from "../../kit/server/socket_option.ts";

/** A player that notes when each frame came. */
class TimedPlayer implements Disposable {
  readonly frames: { label: string; atMs: number }[] = [];
  #client: RtmpClient | null = null;

  static async start(port: number): Promise<TimedPlayer> {
    const player = new TimedPlayer();
    player.#client = await RtmpClient.connect({
      host: "127.0.0.1",
      port,
      connectTimeoutMs: 5000,
      handshakeTimeoutMs: 5000,
      timers: systemTimers,
      network: networkOf(systemWorld),
      session: {
        role: "play",
        tcUrl: `rtmp://127.0.0.1:${port}/live`,
        app: "live",
        name: "a",
        chunkSizeBytes: 60_000,
        handshake: "simple",
      },
    }, {
      onMedia: (message) => {
        const text = message.typeId === MessageType.Data ? "" : label(message);
        if (/^[KIA]\d/.test(text)) player.frames.push({ label: text, atMs: performance.now() });
      },
      onEvent() {},
      onEnd() {},
    });
    return player;
  }

  /** Groups of frames that came together, so many ms apart from others. */
  get bursts(): number {
    return this.frames.filter(({ atMs }, i) => i === 0 || atMs - this.frames[i - 1]!.atMs > 10).length;
  }

  /** Time from the first frame to the last. */
  get spreadMs(): number {
    return this.frames.at(-1)!.atMs - this.frames[0]!.atMs;
  }

  [Symbol.dispose](): void {
    this.#client?.close();
  }
}

/** In how many portions 1.5 s of a stream come, at 50 packets a second. */
async function countBursts(vhost: string): Promise<number> {
  await using server = new TestServer(vhost);
  using _publisher = await Publisher.start(server.port, "a");
  using player = await TimedPlayer.start(server.port);
  await until("the stream runs", () => player.frames.length > 0);
  player.frames.length = 0;
  await sleep(1500);
  return player.bursts;
}

/** A publisher that has sent one GOP and nothing since. */
async function publishGop(server: TestServer, inters: number): Promise<Publisher> {
  const publisher = await Publisher.start(server.port, "a");
  publisher.pause();
  publisher.send(key(10, 0));
  for (let i = 1; i <= inters; i++) publisher.send(inter(10 + i, i * 40));
  await until("the GOP is there", () => (server.server.sources.find("/live/a")?.stats.videoFrames ?? 0) > inters);
  return publisher;
}

/** Frames that a player gets of a GOP that was there before. */
async function framesOfGop(vhost: string): Promise<TimedPlayer> {
  await using server = new TestServer(vhost);
  using _publisher = await publishGop(server, 30);
  using player = await TimedPlayer.start(server.port);
  await sleep(800);
  return player;
}

serverTest("mw_latency makes portions", async () => {
  const [short, long] = await Promise.all([
    countBursts("play { mw_latency 200; }"),
    countBursts("play { mw_latency 700; }"),
  ]);
  assertGreater(short, 4);
  assertLess(long, 4);
});

serverTest("mw_msgs makes portions, of 9 packets by default", async () => {
  const [single, byDefault, many] = await Promise.all([
    countBursts("play { mw_latency 0; mw_msgs 0; }"),
    countBursts("play { mw_latency 0; }"),
    countBursts("play { mw_latency 0; mw_msgs 40; }"),
  ]);
  assertGreater(single, 20);
  // One each 180 ms.
  assertGreater(byDefault, 4);
  assertLess(byDefault, 12);
  assertLess(many, 4);
});

serverTest("min_latency sends at once, unless the file says what to gather", async () => {
  const [off, on, gathering] = await Promise.all([
    countBursts(""),
    countBursts("min_latency on;"),
    countBursts("min_latency on; play { mw_latency 500; }"),
  ]);
  assertLess(off, 8);
  assertGreater(on, 20);
  assertLess(gathering, 5);
});

serverTest("gop_cache lets players begin with the past", async () => {
  assertEquals((await framesOfGop("")).frames.length, 31);
  assertEquals((await framesOfGop("play { gop_cache off; }")).frames.length, 0);
});

serverTest("gop_cache_max_frames bounds that past", async () => {
  assertEquals((await framesOfGop("play { gop_cache_max_frames 20; }")).frames.length, 0);
  assertEquals((await framesOfGop("play { gop_cache_max_frames 40; }")).frames.length, 31);
});

serverTest("send_min_interval spaces packets out", async () => {
  assertLess((await framesOfGop("")).spreadMs, 200);
  const spaced = await framesOfGop("play { send_min_interval 20.5; }");
  assertGreater(spaced.frames.length, 10);
  assertGreater(spaced.spreadMs, (spaced.frames.length - 1) * 20);
  assertEquals(spaced.frames.map(({ label }) => label).slice(0, 3), ["K10", "I11", "I12"]);
});

/** Log lines of packets dropped within 4 s for a player that gets 10 of 50 packets a second. */
async function dropsOfSlowPlayer(play: string): Promise<number> {
  await using server = new TestServer(`min_latency on; play { send_min_interval 100; ${play} }`);
  using _publisher = await Publisher.start(server.port, "a");
  using player = await TimedPlayer.start(server.port);
  await sleep(4000);
  assertGreater(player.frames.length, 10);
  return server.log.find(" ms behind: dropped ").length;
}

serverTest("queue_length bounds how far a player lags, and realtime does", async () => {
  const [byDefault, short, realtime] = await Promise.all([
    dropsOfSlowPlayer(""),
    dropsOfSlowPlayer("queue_length 1;"),
    dropsOfSlowPlayer("realtime on;"),
  ]);
  assertEquals(byDefault, 0);
  assertGreater(short, 1);
  assertGreater(realtime, 0);
});

async function play(peer: RawPeer): Promise<void> {
  await peer.command("createStream", 2, null);
  await until("the stream id comes", () => peer.names.filter((name) => name === "_result").length === 2);
  await peer.message(MessageType.Command, encodeAmf0("play", 3, null, "a"), 8, 1);
}

/** What is read from now on. */
function tap(conn: Deno.TcpConn): number[] {
  const bytes: number[] = [];
  const read = conn.read.bind(conn);
  conn.read = async (buffer) => {
    const count = await read(buffer);
    bytes.push(...buffer.subarray(0, count ?? 0));
    return count;
  };
  return bytes;
}

/** The value of the last Set Chunk Size, found by its header: csid 2, 4 bytes, type 1, stream 0. */
function announcedChunkSize(bytes: readonly number[]): number {
  const header = [2, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0];
  const at = bytes.findLastIndex((_, from) => header.every((byte, i) => bytes[from + i] === byte));
  return new DataView(Uint8Array.from(bytes.slice(at + 12, at + 16)).buffer).getUint32(0);
}

serverTest("chunk_size is what players are told, and get", async () => {
  for (const [vhost, chunkSizeBytes] of [["", 60_000], ["chunk_size 200;", 200], ["chunk_size 4096;", 4096]] as const) {
    await using server = new TestServer(vhost);
    using _publisher = await Publisher.start(server.port, "a");
    using peer = await RawPeer.shakeHands(server.port);
    const bytes = tap(peer.conn);
    peer.listen();
    await peer.command("connect", 1, { app: "live", tcUrl: `rtmp://127.0.0.1:${server.port}/live` });
    await play(peer);
    // Of 500 bytes each: with a wrong chunk size they could not be read.
    await until("frames come", () => peer.messages.filter(({ typeId }) => typeId === MessageType.Video).length > 5);
    assertEquals(announcedChunkSize(bytes), chunkSizeBytes);
  }
});

/** Whose sockets' options can be read. */
const test = Deno.build.os === "linux" ? serverTest : () => {};

test("tcp_nodelay is the socket option of players, on at first", async () => {
  const cases = [["", false], ["tcp_nodelay on;", true], ["min_latency on;", true]] as const;
  await Promise.all(cases.map(async ([vhost, expected]) => {
    await using server = new TestServer(vhost);
    using peer = await RawPeer.connect(server.port);
    await play(peer);
    assertEquals(noDelaysAt(server.port), [true], vhost);
    if (expected) await sleep(1300);
    else await until("the option is off", () => noDelaysAt(server.port)[0] === false);
    assertEquals(noDelaysAt(server.port), [expected], vhost);
  }));
});

test("tcp_nodelay is the socket option of viewers over HTTP, too", async () => {
  const cases = [["", false], ["tcp_nodelay on;", true]] as const;
  await Promise.all(cases.map(async ([vhost, expected]) => {
    await using server = new WebServer({ vhost });
    using _publisher = await Publisher.start(server.port, "a");
    await using viewer = await FlvViewer.start(server.url("/live/a.flv"));
    await viewer.waitForFrames(1);
    if (expected) await sleep(2100);
    else await until("the option is off", () => noDelaysAt(server.webPort)[0] === false);
    assertEquals(noDelaysAt(server.webPort), [expected], vhost);
  }));
});
