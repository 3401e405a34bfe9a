import { describeFault } from "../faults/apply.ts";
import type { FaultKind, FaultPlan, Scenario } from "../scenario.ts";

/** A day as processes of this machine can play it. */
export interface PlayableDay {
  readonly scenario: Scenario;
  /** What of the day is missing, or different; a line each. */
  readonly leftOut: readonly string[];
}

/** One way to another process of this machine. */
const LOOPBACK = { latencyMs: 1, jitterMs: 1, segmentBytes: 0 };
const NEEDS: Partial<Record<FaultKind, string>> = {
  partition: "a network of its own",
  oneWay: "a network of its own",
  clock: "a clock for each server",
  dnsDown: "a DNS server",
};

/** Takes out of a day what needs privileges, another network, or programs that are not there. @param hasEngine There is an engine for a directory. */
export function playableDay(drawn: Scenario, { hasEngine }: { readonly hasEngine: boolean }): PlayableDay {
  const leftOut: string[] = [];
  const keep = <T>(items: readonly T[], reason: (item: T) => string | null): T[] =>
    items.filter((item) => {
      const text = reason(item);
      if (text !== null) leftOut.push(text);
      return text === null;
    });
  const { weather: { latencyMs, jitterMs, segmentBytes } } = drawn;
  const pieces = segmentBytes === 0 ? "" : ` and ${segmentBytes} bytes a segment`;
  leftOut.push(`lines of ${latencyMs} to ${latencyMs + jitterMs} ms${pieces}: they are those of this machine`);
  if (drawn.discovery === "dns") leftOut.push("discovery by DNS: origins know each other by their addresses");
  const lacksEngine = drawn.directory === "engine" && !hasEngine;
  if (lacksEngine) leftOut.push("the engine: there is no redis-server; origins ask each other");
  const foreign = new Set(drawn.publishers.filter(({ home }) => home !== "").map(({ stream }) => stream));
  const srs = keep(drawn.srs, ({ name }) => `${name}: SRS among the coworkers is only simulated`);
  const publishers = keep(drawn.publishers, ({ name, home }) => home === "" ? null : `${name}: publishes at ${home}`);
  const players = keep(
    drawn.players,
    ({ name, stream }) => foreign.has(stream) ? `${name}: plays ${stream}, which nobody publishes` : null,
  ).map((plan) => {
    if (plan.lineBytesPerMs > 0) leftOut.push(`${plan.name}: its line takes as much as comes`);
    return { ...plan, lineBytesPerMs: 0 };
  });
  const hlsViewers = keep(
    drawn.hlsViewers,
    ({ name, stream }) => foreign.has(stream) ? `${name}: watches ${stream}, which nobody publishes` : null,
  );
  const attackers = keep(drawn.attackers, ({ name, kind }) => `${name}: ${kind} is only simulated`);
  const faults = keep(drawn.faults, (fault) => {
    const isOfEngine = fault.server === "engine";
    const need = isOfEngine && lacksEngine ? "the engine" : NEEDS[fault.kind];
    return need === undefined ? null : `${fault.name}, ${describeFault(fault)}: needs ${need}`;
  }).map((fault): FaultPlan => {
    if (fault.kind !== "powerCut") return fault;
    leftOut.push(`${fault.name}, ${describeFault(fault)}: the server is killed, and its system ends its connections`);
    return { ...fault, kind: "kill" };
  });
  leftOut.push("not looked at: what is inside of servers, as queues, timers, leases, questions to each other");
  const scenario: Scenario = {
    ...drawn,
    weather: LOOPBACK,
    discovery: "list",
    directory: lacksEngine ? "mesh" : drawn.directory,
    srs,
    publishers,
    players,
    hlsViewers,
    attackers,
    faults,
  };
  return { scenario, leftOut };
}
