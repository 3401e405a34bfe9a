import type { ClusterPorts, ServerName } from "../kit/launcher.ts";
import { FakeCoworker } from "../kit/fault/fake_coworker.ts";
import { faultTest, pause } from "../kit/fault/steps.ts";

// B asks this one too, and first.
const fake = new FakeCoworker();

/** The ports of the cluster, once it has been started. */
let ports: ClusterPorts;

function withFake(text: string, server: ServerName, clusterPorts: ClusterPorts): string {
  ports = clusterPorts;
  return server === "originB" ? text.replace(/coworkers\s+/, `coworkers 127.0.0.1:${fake.port} `) : text;
}

faultTest("a coworker misbehaves while A has the stream", async (step, rig) => {
  /** Players that come to B while the coworker does that, and what they wait for. */
  const whileCoworker = async (does: string, behaviour: FakeCoworker["behaviour"]) => {
    await step(does, async () => {
      fake.behaviour = behaviour;
      rig.publish(["rtmpA"]);
      await pause(700);
      const players = [...rig.play("rtmpB", 2), ...rig.play("rtmpB", 2, "edge"), ...rig.play("edge", 2)];
      await rig.settle();
      rig.note(does, players.map(({ firstFrameMs }) => firstFrameMs[0]!));
      const flaws = await rig.measure(`${does}, publisher reconnects`, async () => {
        rig.publishers[0]!.crash();
        await pause(500);
      });
      return flaws;
    });
  };

  await whileCoworker("answers as it should", fake.knowsNothing);
  await whileCoworker("hangs", () => new Promise(() => {}));
  await whileCoworker("answers after 800 ms", async () => {
    await pause(800);
    return fake.knowsNothing();
  });
  await whileCoworker("names a port where nobody listens", () => fake.names("127.0.0.1", fake.deadPort));
  await whileCoworker("names an address that never answers", () => fake.names("127.0.0.1", fake.silentPort));
  await whileCoworker("names the one who asks", () => fake.names("127.0.0.1", ports.rtmpB));
  await whileCoworker("names the edge", () => fake.names("127.0.0.1", ports.edge));
  await whileCoworker("sends rubbish", () => new Response("<html>".repeat(100_000)));
  await whileCoworker("redirects in a loop", (request) => Response.redirect(request.url, 302));
  await whileCoworker("sends a body without end", () => fake.endless());
  await fake[Symbol.asyncDispose]();
}, { adapt: withFake });
