import { faultTest, pause } from "../kit/fault/steps.ts";
import { TcpProxy } from "../kit/fault/tcp_proxy.ts";

/** A stream of the walkthrough's name behind another port. */
const streamAt = (port: number) => `rtmp://127.0.0.1:${port}/live/livestream`;

faultTest("networks of publishers fail", async (step, rig) => {
  const { cluster } = rig;
  await using toA = await TcpProxy.start(cluster.ports.rtmpA);
  await using toEdge = await TcpProxy.start(cluster.ports.edge);

  await step("the connection is reset, he comes back", async () => {
    rig.publishTo([streamAt(toA.port)]);
    for (const place of ["edge", "rtmpA", "rtmpB"] as const) rig.play(place, 2);
    await rig.settle();
    return await rig.measure("publisher reset", () => Promise.resolve(toA.reset()));
  });

  await step("the connection dies without a word, he comes back to the same origin", async () => {
    const publisher = rig.publishTo([streamAt(toA.port)]);
    for (const place of ["edge", "rtmpA", "rtmpB"] as const) rig.play(place, 2);
    await rig.settle();
    return await rig.measure("publisher's connection dead, back", async () => {
      toA.lose();
      await pause(500);
      publisher.crash();
    });
  });

  await step("the connection dies without a word, he goes to the other origin", async () => {
    const publisher = rig.publishTo([streamAt(toA.port), cluster.url("rtmpB")]);
    for (const place of ["edge", "rtmpA", "rtmpB"] as const) rig.play(place, 2);
    await rig.settle();
    return await rig.measure("publisher's connection dead, elsewhere", async () => {
      toA.lose();
      await pause(500);
      publisher.crash();
    });
  });

  await step("the connection to the edge dies without a word, he comes back", async () => {
    const publisher = rig.publishTo([streamAt(toEdge.port)]);
    for (const place of ["edge", "rtmpA", "rtmpB"] as const) rig.play(place, 2);
    await rig.settle();
    return await rig.measure("publisher's connection to edge dead, back", async () => {
      toEdge.lose();
      await pause(500);
      publisher.crash();
    });
  });
});
