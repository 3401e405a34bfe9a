import type { DemoServer } from "./conf.ts";
import { findListenerCommand } from "../serve/port_owner.ts";

/** What stands in the way of the demo: one line for each port that cannot be listened on. */
export function findBusyPorts(servers: readonly DemoServer[]): string[] {
  return servers.flatMap(({ name, rtmpPort, apiPort }) => [
    ...describeBusy(rtmpPort, `RTMP of ${name}`),
    ...(apiPort === null ? [] : describeBusy(apiPort, `HTTP API of ${name}`)),
  ]);
}

function describeBusy(port: number, use: string): string[] {
  try {
    Deno.listen({ hostname: "0.0.0.0", port }).close();
    return [];
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) {
      return [`cannot listen on port ${port} (${use}): ${error instanceof Error ? error.message : error}`];
    }
    return [`port ${port} (${use}) is in use by another program; to see which: ${findListenerCommand(port)}`];
  }
}
