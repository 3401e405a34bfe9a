import type { CoworkerRow, MetricFacts, OriginRow, StreamRow } from "./facts.ts";
import { type Metric, single } from "./table.ts";

/** What SRS does not tell: streams, pulls, health of the origins. */
export const ownMetrics: readonly Metric[] = [
  gauge("uptime_seconds", "Since the start.", ({ server }) => (server.timers.nowMs() - server.startedMs) / 1000),
  gauge(
    "connections",
    "RTMP connections, with those that neither publish nor play yet.",
    ({ server }) => server.rtmp.connectionCount,
  ),
  gauge("players", "Players of all streams.", ({ sum }) => sum.players),
  gauge("active_streams", "Streams that a publisher or another server feeds.", ({ sum }) => sum.active),
  gauge(
    "dropped_packets",
    "Packets left out for the players of this moment, who are too slow.",
    ({ sum }) => sum.droppedPackets,
  ),
  gauge("pulls", "Streams that are pulled from other servers.", ({ sum }) => sum.pulls),
  gauge("fed_pulls", "Pulls that another server feeds at this moment.", ({ sum }) => sum.fedPulls),
  single(
    "srs_ts_upstream_switches_total",
    "counter",
    "How often another server took over as the upstream of a pull.",
    ({ server }) => server.pulls.totalSwitches,
  ),
  {
    name: "srs_ts_session_ends_total",
    type: "counter",
    help: "Sessions that ended, by protocol and reason; of HTTP those that play a stream.",
    labels: ["protocol", "reason"],
    read: ({ server }) =>
      [...server.registry.ends.rows()].map(([protocol, reason, count]) => [{ protocol, reason }, count]),
  },
  ofStream("recv_kbps", "Received over 30 seconds.", ({ recvKbps }) => recvKbps),
  ofStream("send_kbps", "Sent over 30 seconds.", ({ sendKbps }) => sendKbps),
  ofStream("players", "Players.", ({ players }) => players),
  ofStream("active", "1 while a publisher or another server feeds it.", ({ active }) => active),
  ofStream(
    "dropped_packets",
    "Packets left out for slow players of this moment.",
    ({ droppedPackets }) => droppedPackets,
  ),
  ofPull("pull_fed", "1 while another server feeds the stream.", ({ fedPulls }) => fedPulls),
  ofPull("upstream_switches", "How often another server took over since the pull began.", ({ switches }) => switches),
  ofPull(
    "last_gap_seconds",
    "Without media at the last change or return of the upstream server.",
    ({ lastGapMs }) => lastGapMs / 1000,
  ),
  ofOrigin("pulls", "Streams pulled from it.", ({ pulls }) => pulls),
  ofOrigin("failures", "Failures in a row.", ({ failures }) => failures),
  ofOrigin("resting", "1 while the others are tried first, after a failure.", ({ resting }) => resting),
  ofCoworker("questions_total", "counter", "Questions for the owner of a stream.", ({ questions }) => questions),
  ofCoworker("failures_total", "counter", "Questions without a usable answer.", ({ failures }) => failures),
  ofCoworker("suspect", "gauge", "1 while it is not waited for, after a failure.", ({ suspect }) => suspect),
];

function gauge(name: string, help: string, value: (facts: MetricFacts) => number): Metric {
  return single(`srs_ts_${name}`, "gauge", help, value);
}

function ofStream(
  name: string,
  help: string,
  value: (row: StreamRow) => number,
  isShown: (row: StreamRow) => boolean = () => true,
): Metric {
  return {
    name: `srs_ts_stream_${name}`,
    type: "gauge",
    help: `${help} The streams with the lowest bitrates are summed up as _other.`,
    labels: ["stream"],
    read: ({ streams }) => streams.filter(([, row]) => isShown(row)).map(([stream, row]) => [{ stream }, value(row)]),
  };
}

function ofPull(name: string, help: string, value: (row: StreamRow) => number): Metric {
  return ofStream(name, help, value, ({ pulls }) => pulls > 0);
}

function ofOrigin(name: string, help: string, value: (row: OriginRow) => number): Metric {
  return {
    name: `srs_ts_origin_${name}`,
    type: "gauge",
    help,
    labels: ["origin"],
    read: ({ origins }) => origins.map(([origin, row]) => [{ origin }, value(row)]),
  };
}

function ofCoworker(
  name: string,
  type: Metric["type"],
  help: string,
  value: (row: CoworkerRow) => number,
): Metric {
  return {
    name: `srs_ts_coworker_${name}`,
    type,
    help,
    labels: ["coworker"],
    read: ({ coworkers }) => coworkers.map(([coworker, row]) => [{ coworker }, value(row)]),
  };
}
