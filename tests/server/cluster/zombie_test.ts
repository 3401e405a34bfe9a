/** An origin that stood still, while another one took over what it publishes, and goes on. */
import { assert, assertEquals } from "../../kit/assert.ts";
import { isListening, Program, programCommand, until as untilListening } from "../../kit/launcher.ts";
import { freePort, Publisher, serverTest, sleep, until, Viewer } from "../../kit/server/rtmp_rig.ts";

const STOPPED_MS = 10_000;

interface Started {
  readonly program: Program;
  readonly port: number;
}

/** Two origins of a cluster, and an edge, as processes of their own. */
async function startCluster(programs: AsyncDisposableStack, policy: string): Promise<[Started, Started, Started]> {
  const directory = await Deno.makeTempDir();
  programs.defer(() => Deno.remove(directory, { recursive: true }));
  const [portA, portB, portEdge, apiA, apiB] = Array.from({ length: 5 }, freePort);
  const coworkers = `coworkers 127.0.0.1:${apiA} 127.0.0.1:${apiB};`;
  const origin = (api: number) =>
    `http_api { enabled on; listen 127.0.0.1:${api}; }
     vhost __defaultVhost__ { min_latency on; publish { on_conflict ${policy}; } cluster { origin_cluster on; ${coworkers} } }`;
  const edge = `vhost __defaultVhost__ { min_latency on;
    cluster { mode remote; origin 127.0.0.1:${portA} 127.0.0.1:${portB}; idle_timeout 1000; } }`;
  const start = async (role: "origin" | "edge", port: number, conf: string): Promise<Started> => {
    const path = `${directory}/${port}.conf`;
    await Deno.writeTextFile(path, `listen ${port}; daemon off; pid ${directory}/${port}.pid; ${conf}`);
    const program = programs.use(
      new Program(programCommand(role, "-c", path), { env: { SRS_SRS_LOG_TANK: "console" } }),
    );
    await untilListening(() => isListening(port), 20_000, () => program.output);
    return { program, port };
  };
  return [
    await start("origin", portA!, origin(apiA!)),
    await start("origin", portB!, origin(apiB!)),
    await start("edge", portEdge!, edge),
  ];
}

for (const policy of ["reject", "takeover"]) {
  serverTest(
    `an origin that stood still for 10 s never feeds an edge again with what another has taken over: ${policy}`,
    async () => {
      await using programs = new AsyncDisposableStack();
      const [a, b, edge] = await startCluster(programs, policy);
      // It never learns that its server stands still, and has much to say when that goes on.
      using first = await Publisher.start(a.port, "s");
      using viewer = await Viewer.start(edge.port, "s");
      await viewer.waitForFrames(20);

      a.program.kill("SIGSTOP");
      await sleep(1500);
      using second = await Publisher.start(b.port, "s");
      const pullsFrom = ({ port }: Started) =>
        edge.program.output.split(`pull /live/s from 127.0.0.1:${port}`).length - 1;
      await until("the edge plays from B", () => pullsFrom(b) === 1, 15_000);
      assertEquals(pullsFrom(a), 1);
      await sleep(STOPPED_MS - 1500);

      a.program.kill("SIGCONT");
      await until("A gives way", () => first.ended !== "", 5000);
      assert(a.program.output.includes("stood still"), a.program.output.slice(-2000));
      await viewer.waitForFrames(20);
      using late = await Viewer.start(edge.port, "s");
      await late.waitForFrames(20);
      assertEquals([pullsFrom(a), viewer.ended, second.ended], [1, "", ""]);
      assertEquals(b.program.output.includes("ended in favor"), false);
    },
    { ignore: Deno.build.os !== "linux" },
  );
}
