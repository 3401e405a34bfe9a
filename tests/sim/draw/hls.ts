import { Random } from "../random.ts";
import type { FaultPlan, HlsPlan, HlsViewerPlan, PublisherPlan, Scenario } from "../scenario.ts";
import { type DrawnCluster, serverNames } from "./drawn_cluster.ts";

/** Those who watch by HLS; on most days none, and no server cuts segments: that takes about as much as all else. */
const DAYS_PERCENT = 12;

/** @param dayMs The day's length. */
export function drawHls(
  seed: number,
  { origins, edges, dayMs, streams }: DrawnCluster,
): Pick<Scenario, "hls" | "hlsViewers"> {
  const day = Random.of(seed, "hls");
  if (!day.percent(DAYS_PERCENT)) return { hls: null, hlsViewers: [] };
  const hls: HlsPlan = {
    fragmentMs: day.pick([500, 1000, 2000]),
    windowMs: day.pick([5000, 10_000]),
    isFmp4: day.percent(40),
  };
  // Of what an SRS publishes, each server has times of its own.
  const ours = streams.filter((name) => !name.startsWith("srs-"));
  const stream = day.pick(ours);
  const hlsViewers = Array.from({ length: day.between(1, 3) }, (_, at): HlsViewerPlan => {
    const name = `hls-viewer-${at + 1}`;
    const random = Random.of(seed, name);
    const all = serverNames(origins, edges);
    const servers = all.filter(() => random.percent(50));
    return {
      name,
      // Most watch the same one, at other servers.
      stream: random.percent(70) ? stream : random.pick(ours),
      servers: servers.length > 0 ? servers : [random.pick(all)],
      startMs: random.between(0, dayMs * 0.6 | 0),
      endMs: random.percent(20) ? random.between(dayMs * 0.6 | 0, dayMs) : null,
      pollMs: random.pick([500, 1000, 1500]),
    };
  });
  return { hls, hlsViewers };
}

/**
 * The day without what gives a segment's number to two publishes. Numbers are times of the owner's clock: one that is
 * wrong says them again, and so does an owner that has forgotten how far ahead of its clock an encoder was. Two encoders
 * that publish where nobody hears of the other use the same ones.
 */
export function withOneOwnerTime(day: Scenario): Scenario {
  if (day.hls === null) return day;
  const streams = day.publishers.map(({ stream }) => stream);
  const hasRivals = streams.some((stream, at) => streams.indexOf(stream) < at);
  const hearByEngineAlone = day.directory === "engine" && day.discovery === "engine";
  const isOrigin = (name: string) => name.startsWith("origin-");
  const divides = ({ kind, server, others, setting }: FaultPlan) => {
    if (kind.startsWith("engine")) return hearByEngineAlone;
    if (kind === "reload") return setting === "coworkers";
    return (kind === "partition" || kind === "oneWay") && [server, ...others].filter(isOrigin).length > 1;
  };
  return {
    ...day,
    publishers: day.publishers.map((plan): PublisherPlan => ({ ...plan, startBurst: 0 })),
    faults: day.faults.filter((plan) => plan.kind !== "clock" && !(hasRivals && divides(plan))),
  };
}
