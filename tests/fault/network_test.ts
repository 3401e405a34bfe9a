import { assertEquals } from "../kit/assert.ts";
import type { ClusterPorts, ServerName } from "../kit/launcher.ts";
import { faultTest, pause } from "../kit/fault/steps.ts";
import { TcpProxy, type Treatment } from "../kit/fault/tcp_proxy.ts";

// The edge reaches each origin through a network of the test's own. The origins' ports are known once the configurations
// are written: the proxies are told then.
const [proxyA, proxyB] = [await TcpProxy.start(0), await TcpProxy.start(0)];

function throughProxies(text: string, server: ServerName, { rtmpA, rtmpB }: ClusterPorts): string {
  proxyA.targetPort = rtmpA;
  proxyB.targetPort = rtmpB;
  // A redirect leads past the proxies: without a cluster there is none, each origin has a publisher of its own.
  if (server !== "edge") return text.replace(/origin_cluster\s+on;/, "origin_cluster off;");
  return text.replaceAll(`:${rtmpA}`, `:${proxyA.port}`).replaceAll(`:${rtmpB}`, `:${proxyB.port}`);
}

faultTest("networks between edge and origins fail", async (step, rig) => {
  const { edge } = rig.cluster;
  /** The network that the stream takes now. */
  const inUse = () => {
    const port = [...edge.output.matchAll(/\] pull .* from \S+:(\d+)(?: after .*)?$/gm)].at(-1)?.[1];
    return Number(port) === proxyB.port ? proxyB : proxyA;
  };
  const onBoth = async (name: string, treat: (proxy: TcpProxy) => Promise<void> | void, forMs: number) => {
    await step(name, async () => {
      rig.publish(["rtmpA"], { firstSession: 100 });
      rig.publish(["rtmpB"], { firstSession: 200 });
      rig.play("edge", 4);
      await rig.settle();
      const proxy = inUse();
      const flaws = await rig.measure(name, async () => {
        await treat(proxy);
        await pause(forMs);
        proxy.treat({ kind: "pass" });
      });
      assertEquals(rig.players.flatMap(({ drops }) => drops), []);
      return flaws;
    });
  };
  const treatment = (how: Treatment) => (proxy: TcpProxy) => proxy.treat(how);

  await onBoth("connections are reset", (proxy) => proxy.reset(), 1000);
  await onBoth("a network swallows everything", treatment({ kind: "swallow" }), 5000);
  await onBoth("a network takes nothing any more", treatment({ kind: "hold" }), 5000);
  await onBoth("only what the origin says is lost", (proxy) => proxy.treat({ down: { kind: "swallow" } }), 5000);
  await onBoth("only what the edge says is lost", (proxy) => proxy.treat({ up: { kind: "swallow" } }), 3000);
  await onBoth("a network becomes 300 ms slower", treatment({ kind: "delay", ms: 300 }), 3000);
  await onBoth("a network drips 2 kB/s", treatment({ kind: "drip", bytesPerSecond: 2000 }), 5000);
}, { adapt: throughProxies });
