import { assertEquals } from "../../kit/assert.ts";
import { ReloadRig } from "../../kit/server/reload_rig.ts";
import { Publisher, serverTest, TestServer, until, Viewer } from "../../kit/server/rtmp_rig.ts";

function edgeOf(origin: TestServer) {
  return { vhost: `cluster { mode remote; origin 127.0.0.1:${origin.port}; } play { mw_latency 50; }` };
}

serverTest("a pull that runs goes to the origins of the new file when its own one fails", async () => {
  await using first = new TestServer();
  await using second = new TestServer();
  await using edge = new ReloadRig(edgeOf(first));
  using _one = await Publisher.start(first.port, "s");
  using _two = await Publisher.start(second.port, "s");
  using viewer = await Viewer.start(edge.port, "s");
  await viewer.waitForFrames(5);
  assertEquals(await edge.reload(edgeOf(second)), ["info applied: vhost __defaultVhost__: cluster.origin"]);
  await viewer.waitForFrames(5);
  await first.server.stop();
  await viewer.waitForFrames(20);
  await until("it is pulled from the second", () => second.server.registry.clientCount === 2);
  assertEquals(viewer.ended, "");
});

serverTest("the publisher of an edge goes to the origins of the new file when its own one fails", async () => {
  await using first = new TestServer();
  await using second = new TestServer();
  await using edge = new ReloadRig(edgeOf(first));
  using publisher = await Publisher.start(edge.port, "s");
  await until("the first has it", () => first.server.registry.clientCount === 1);
  await edge.reload(edgeOf(second));
  await first.server.stop();
  using viewer = await Viewer.start(second.port, "s");
  await viewer.waitForFrames(20);
  assertEquals(publisher.ended, "");
});

serverTest("new coworkers are asked for a player that waits already", async () => {
  await using owner = new TestServer();
  const coworkers = (port: number) => ({
    vhost: `cluster { origin_cluster on; redirect always; owner_timeout 8000; coworkers 127.0.0.1:${port}; }`,
  });
  const asked: string[] = [];
  await using api = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const { pathname } = new URL(request.url);
    // Others are asked who they are.
    if (pathname === "/api/v1/clusters") asked.push(pathname);
    return Response.json({ code: 0, data: { origin: { ip: "127.0.0.1", port: owner.port } } });
  });
  await using origin = new ReloadRig(coworkers(1));
  using viewer = await Viewer.start(origin.port, "s");
  assertEquals(viewer.has("redirect"), false);
  await origin.reload(coworkers(api.addr.port));
  await until("the player is redirected", () => viewer.has("redirect"), 2000);
  assertEquals(asked.length > 0, true);
});
