import { assertEquals } from "../../../kit/assert.ts";
import { WebServer } from "../../../kit/server/http_flv_rig.ts";
import { RawPeer, serverTest, until } from "../../../kit/server/rtmp_rig.ts";

serverTest("user, password and parameters of a client's address stand neither in the API nor in the log", async () => {
  await using server = new WebServer();
  const tcUrl = `rtmp://joe:hunter2@127.0.0.1:${server.port}/live?token=hunter3`;
  using publisher = await RawPeer.shakeHands(server.port);
  publisher.listen();
  await publisher.command("connect", 1, { app: "live?token=hunter3", tcUrl });
  await publisher.command("createStream", 2, null);
  await publisher.command("publish", 3, null, "s?sign=hunter4");
  await until("it publishes", () => publisher.codes.includes("NetStream.Publish.Start"));
  for (const name of ["", "?sign=hunter5"]) {
    using refused = await RawPeer.shakeHands(server.port);
    await refused.command("connect", 1, { app: "live", tcUrl: tcUrl.replace("/live", "") });
    await refused.command("createStream", 2, null);
    await refused.command("publish", 3, null, name);
    refused.drain();
    await refused.waitForEnd();
  }
  const told = [...server.log.lines];
  for (const path of ["clients", "streams", "vhosts", "clusters?vhost=127.0.0.1&app=live&stream=s"]) {
    told.push(await fetch(`http://127.0.0.1:${server.apiPort}/api/v1/${path}`).then((answer) => answer.text()));
  }
  assertEquals(told.filter((text) => /hunter|joe/.test(text)), []);
  assertEquals(told.filter((text) => text.includes(`rtmp://127.0.0.1:${server.port}/live`)).length > 2, true);
});
