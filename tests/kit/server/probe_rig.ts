import { assertEquals } from "../assert.ts";
import { probeCommand } from "../../../src/cli/probe/probe.ts";
import type { ProbeReport } from "../../../src/cli/probe/report.ts";
import { openReply } from "../peers/peers.ts";
import { FakeServer, run } from "./push_rig.ts";

/** Runs `probe --json` and reads what it prints. */
export async function probe(...words: string[]): Promise<ProbeReport> {
  const running = run(probeCommand, "--json", ...words);
  const status = await running.status;
  assertEquals(running.err, "");
  assertEquals(running.out.indexOf("\n"), running.out.length - 1, "one line");
  const report = JSON.parse(running.out) as ProbeReport;
  assertEquals(report.status, status);
  return report;
}

/** An origin to which the sample is pushed. */
/** A server that redirects players to this address. */
export function redirecting(url: () => string): FakeServer {
  return new FakeServer((request, session) => {
    if (request.kind === "connect") session.acceptConnect(request.id, openReply);
    else session.redirect(url());
  });
}
