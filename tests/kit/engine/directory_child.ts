import { openEngine } from "../../../src/net/engine_client.ts";
import { systemWorld } from "../../../src/net/system_world.ts";
import { stagedDirectory, streamRef } from "./valkey_stage.ts";

// A server's directory in a process of its own, which a test stops and lets go on: URL, number, ms of a lease, stream.
const [url = "", number = "1", nodeTtlMs = "900", stream = "one"] = Deno.args;
const { directory } = stagedDirectory({
  world: systemWorld,
  open: openEngine,
  number: Number(number),
  url,
  nodeTtlMs: Number(nodeTtlMs),
});
directory.start();
while (!directory.health()[0]!.isUp) await new Promise((resolve) => setTimeout(resolve, 20));
const outcome = await directory.claim(streamRef(stream), {
  mode: () => "first",
  onLost: (reason) => Deno.stdout.writeSync(new TextEncoder().encode(`lost: ${reason}\n`)),
});
Deno.stdout.writeSync(new TextEncoder().encode("claim" in outcome ? `claimed ${outcome.claim.epoch}\n` : "taken\n"));
await new Promise((resolve) => setTimeout(resolve, 60_000));
