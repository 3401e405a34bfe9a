import { encodeMessage } from "../../../src/rtmp/chunk_writer.ts";
import { encodeCommand } from "../../../src/rtmp/command.ts";
import { userControl, UserControlEvent } from "../../../src/rtmp/control.ts";
import { MessageType } from "../../../src/rtmp/message.ts";
import { assertEquals } from "../../kit/assert.ts";
import { besideHealthyPlayer, Publisher, RawPeer, serverTest, TestServer, until } from "../../kit/server/rtmp_rig.ts";

const realTime = "min_latency on;";
const ping = encodeMessage(userControl(UserControlEvent.PingRequest, 1), 128);

function repeat(bytes: Uint8Array, count: number): Uint8Array {
  const out = new Uint8Array(bytes.length * count);
  for (let i = 0; i < count; i++) out.set(bytes, i * bytes.length);
  return out;
}

serverTest("RtmpServer answers a flood of pings", async () => {
  await using server = new TestServer(realTime);
  await besideHealthyPlayer(server, async () => {
    using peer = await RawPeer.connect(server.port);
    for (let i = 0; i < 40; i++) await peer.send(repeat(ping, 500));
    const pongs = () =>
      peer.messages.filter(({ typeId, payload }) => typeId === MessageType.UserControl && payload[1] === 7).length;
    await until("20,000 pongs", () => pongs() === 20_000);
  });
});

serverTest("RtmpServer ends a client that asks and never reads the answers", async () => {
  await using server = new TestServer(realTime, "client_timeout 60000;");
  await besideHealthyPlayer(server, async () => {
    using peer = await RawPeer.shakeHands(server.port);
    await peer.command("connect", 1, { app: "live", tcUrl: "rtmp://x/live" });
    const flood = repeat(ping, 2000);
    // Until the socket buffers of both sides are full, and the server has enough.
    while (await peer.send(flood));
    await until("it is cut off for that", () => server.log.find("peer does not read").length > 0);
  });
});

serverTest("RtmpServer frees the stream of a publisher whose acceptance cannot be told to it", async () => {
  await using server = new TestServer(realTime, "client_timeout 60000;");
  await besideHealthyPlayer(server, async () => {
    const insist = async (name: string, ...args: string[]) => {
      using peer = await RawPeer.shakeHands(server.port);
      await peer.command("connect", 1, { app: "live", tcUrl: "rtmp://x/live" });
      // The answers to these are all that waits: in the end it is one of them that cannot be queued.
      const request = encodeMessage(encodeCommand({ csid: 3, msid: 0 }, name, 0, null, ...args), 128);
      const flood = repeat(request, 200);
      while (await peer.send(flood));
    };
    await Promise.all([insist("publish", "taken", "live"), insist("play", "watched")]);
    await until("both are cut off", () => server.log.find("peer does not read").length === 2);
    await until("its streams are gone", () => server.holds.streams === 1);
  });
  using next = await Publisher.start(server.port, "taken");
  assertEquals(next.has("ready"), true);
});
