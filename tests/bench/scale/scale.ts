import { RedisServer } from "../../kit/engine/redis_server.ts";
import { printLine } from "../control.ts";
import { measureMesh } from "./mesh.ts";
import { help, readScaleOptions } from "./options.ts";
import { ScaleRun } from "./scale_run.ts";

const options = readScaleOptions(Deno.args);
if (options === "help") await printLine(help);
else if (options === "mesh") {
  for await (const { origins, questions, p50Ms, p99Ms, cpuMs } of measureMesh()) {
    await printLine(
      `${origins} origins: ${questions.toFixed(1)} questions a look-up, p50 ${p50Ms.toFixed(1)} ms, ` +
        `p99 ${p99Ms.toFixed(1)} ms, ${cpuMs.toFixed(1)} ms of CPU in all of them`,
    );
  }
  // What the servers keep alive between requests would hold the process.
  Deno.exit();
} else {
  await using redis = await RedisServer.start();
  await using run = new ScaleRun(options, redis);
  await run.run();
}
