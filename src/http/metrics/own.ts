import { whyNotReady } from "../api/health.ts";
import { isOther } from "./bound.ts";
import type { CoworkerRow, MetricFacts, OriginRow, StreamRow } from "./facts.ts";
import { type Metric, single } from "./table.ts";

/** What SRS has no metrics for: streams, pulls, health of the origins. */
export const ownMetrics: readonly Metric[] = [
  // The name is Prometheus's own: its tools find a restart by it.
  single(
    "process_start_time_seconds",
    "gauge",
    "Start time of the server since Unix epoch in seconds.",
    ({ server }) => Math.round(server.startedMs) / 1000,
  ),
  gauge("ready", "1 while the server takes clients, as /readyz tells.", ({ server }) => whyNotReady(server) ? 0 : 1),
  gauge("machine_cpus", "Processors of the machine; 0 where they are unknown.", ({ system }) => system.latest.cpu.cpus),
  gauge(
    "machine_memory_bytes",
    "Memory of the machine; 0 where it is unknown. The limit of a container is not looked at.",
    ({ system }) => system.latest.memory("MemTotal") * 1024,
  ),
  gauge(
    "uptime_seconds",
    "Seconds since the server started.",
    ({ server }) => (server.timers.nowMs() - server.startedMs) / 1000,
  ),
  gauge(
    "connections",
    "RTMP connections, including those that neither publish nor play yet.",
    ({ server }) => server.rtmp.connectionCount,
  ),
  gauge("players", "Players of all streams: viewers, and servers downstream.", ({ sum }) => sum.players),
  gauge("viewers", "People that play: players that are no servers.", ({ sum }) => sum.viewers),
  gauge("downstream", "Servers that play: edges, and origins that relay.", ({ sum }) => sum.downstream),
  gauge("active_streams", "Streams that a publisher or another server feeds.", ({ sum }) => sum.active),
  gauge(
    "dropped_packets",
    "Packets dropped for slow players among those connected now.",
    ({ sum }) => sum.droppedPackets,
  ),
  gauge("hls_streams", "Streams that are cut into segments for HLS.", ({ server }) => server.hls.streamCount),
  gauge("hls_sessions", "Viewers of HLS; 0 where hls_ctx is off.", ({ server }) => server.hls.sessions.count),
  gauge("hls_memory_bytes", "Memory that segments of HLS take.", ({ server }) => server.hls.bytes),
  gauge("recordings", "Streams that are recorded, or may go on being so.", ({ server }) => server.recorder.count),
  gauge("pulls", "Streams being pulled from other servers.", ({ sum }) => sum.pulls),
  gauge("fed_pulls", "Pulls that receive media now.", ({ sum }) => sum.fedPulls),
  single(
    "srs_ts_upstream_switches_total",
    "counter",
    "Changes of the server that a pull receives media from.",
    ({ server }) => server.pulls.totalSwitches,
  ),
  {
    name: "srs_ts_session_ends_total",
    type: "counter",
    help: "Ended sessions, by protocol and reason. For HTTP, only those that played a stream.",
    labels: ["protocol", "reason"],
    read: ({ server }) =>
      [...server.registry.ends.rows()].map(([protocol, reason, count]) => [{ protocol, reason }, count]),
  },
  bytesOfStream("receive", "Bytes received from the publisher and players, or from another server.", "recvBytes"),
  bytesOfStream("send", "Bytes sent to the publisher and players.", "sendBytes"),
  ofStream("recv_kbps", "Average bitrate received over 30 seconds, kbit/s.", ({ recvKbps }) => recvKbps),
  ofStream("send_kbps", "Average bitrate sent over 30 seconds, kbit/s.", ({ sendKbps }) => sendKbps),
  ofStream("players", "Players: viewers, and servers downstream.", ({ players }) => players),
  ofStream("viewers", "People that play: players that are no servers.", ({ viewers }) => viewers),
  ofStream("downstream", "Servers that play: edges, and origins that relay.", ({ downstream }) => downstream),
  ofStream("active", "1 while a publisher or another server feeds the stream.", ({ active }) => active),
  ofStream(
    "dropped_packets",
    "Packets dropped for slow players among those connected now.",
    ({ droppedPackets }) => droppedPackets,
  ),
  ofPull("pull_fed", "1 while another server feeds the stream.", ({ fedPulls }) => fedPulls),
  ofPull("upstream_switches", "Changes of the upstream server since the pull began.", ({ switches }) => switches),
  ofPull(
    "last_gap_seconds",
    "Seconds without media when the upstream server last changed or came back.",
    ({ lastGapMs }) => lastGapMs / 1000,
  ),
  ofOrigin("pulls", "Streams pulled from the origin.", ({ pulls }) => pulls),
  ofOrigin("failures", "Consecutive failures of the origin.", ({ failures }) => failures),
  ofOrigin("resting", "1 while other origins are tried first, after a failure.", ({ resting }) => resting),
  ofCoworker(
    "questions_total",
    "counter",
    "Requests sent to find the owner of a stream.",
    ({ questions }) => questions,
  ),
  ofCoworker("failures_total", "counter", "Requests without a usable answer.", ({ failures }) => failures),
  ofCoworker(
    "suspect",
    "gauge",
    "1 while searches do not wait for the coworker, after a failure.",
    ({ suspect }) => suspect,
  ),
  {
    name: "srs_ts_coworker_up",
    type: "gauge",
    help: "1 while the coworker answers, 0 while it does not.",
    labels: ["coworker"],
    read: ({ coworkersUp }) => coworkersUp.map(([coworker, up]) => [{ coworker }, up]),
  },
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
    help: `${help} The streams with the lowest bitrates are combined as _other.`,
    labels: ["stream"],
    read: ({ streams }) => streams.filter(([, row]) => isShown(row)).map(([stream, row]) => [{ stream }, value(row)]),
  };
}

/** Only of streams with a label of their own. */
function bytesOfStream(direction: "receive" | "send", help: string, what: "recvBytes" | "sendBytes"): Metric {
  return {
    name: `srs_ts_stream_${direction}_bytes_total`,
    type: "counter",
    help: `${help} Counts from 0 when the stream comes again. Streams with the lowest bitrates are left out.`,
    labels: ["stream"],
    read: ({ streams }) =>
      streams.filter(([stream]) => !isOther(stream)).map(([stream, row]) => [{ stream }, row[what]]),
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
