import { noTotals, type Totals, type TrafficEntry } from "../../server/client_registry.ts";
import { boundRows, type LabelledRow } from "./bound.ts";
import { coworkersUp } from "./coworker_up.ts";
import type { ApiContext, ApiServer } from "../api/route.ts";

/** What is gathered once for all metrics of an answer. */
export interface MetricFacts extends ApiContext {
  readonly totals: ReadonlyMap<TrafficEntry, Totals>;
  /** By stream key, a bounded number. */
  readonly streams: readonly LabelledRow<StreamRow>[];
  /** Of all streams together. */
  readonly sum: StreamRow;
  /** By address, a bounded number. */
  readonly origins: readonly LabelledRow<OriginRow>[];
  /** By address, a bounded number. */
  readonly coworkers: readonly LabelledRow<CoworkerRow>[];
  /** By address, a bounded number: 1 for those that answer; for the others together, if all of them do. */
  readonly coworkersUp: readonly LabelledRow<number>[];
}

/** Numbers of a stream, or of many. */
export interface StreamRow {
  /** Since its first client came. */
  readonly recvBytes: number;
  readonly sendBytes: number;
  readonly recvKbps: number;
  readonly sendKbps: number;
  /** Of both kinds. */
  readonly players: number;
  /** People. */
  readonly viewers: number;
  /** Servers that play. */
  readonly downstream: number;
  /** Streams that somebody feeds: a publisher, or another server. */
  readonly active: number;
  /** Left out for players of this moment. */
  readonly droppedPackets: number;
  readonly pulls: number;
  readonly fedPulls: number;
  readonly switches: number;
  readonly lastGapMs: number;
}

/** Numbers of an upstream server, or of many. */
export interface OriginRow {
  readonly pulls: number;
  /** In a row. */
  readonly failures: number;
  readonly resting: number;
}

/** Numbers of a coworker, or of many. */
export interface CoworkerRow {
  readonly questions: number;
  readonly failures: number;
  readonly suspect: number;
}

const nothing: StreamRow = {
  recvBytes: 0,
  sendBytes: 0,
  recvKbps: 0,
  sendKbps: 0,
  players: 0,
  viewers: 0,
  downstream: 0,
  active: 0,
  droppedPackets: 0,
  pulls: 0,
  fedPulls: 0,
  switches: 0,
  lastGapMs: 0,
};

/** Reads everything that metrics tell of, in one pass over the clients. */
export function gatherFacts(context: ApiContext): MetricFacts {
  const { server } = context;
  const totals = server.registry.totals();
  const rows = readStreams(server, totals);
  return {
    ...context,
    totals,
    streams: boundRows(rows, { rank: ({ recvKbps }) => recvKbps, merge: addStream }),
    sum: rows.map(([, row]) => row).reduce(addStream, nothing),
    origins: readOrigins(server),
    coworkers: readCoworkers(server),
    coworkersUp: boundRows(
      coworkersUp(context).map(({ coworker, isUp }) => [coworker, isUp ? 1 : 0]),
      // Those that are down come first.
      { rank: (up) => -up, merge: (a, b) => Math.min(a, b) },
    ),
  };
}

function readStreams(server: ApiServer, totals: MetricFacts["totals"]): LabelledRow<StreamRow>[] {
  const { registry, sources, pulls, timers } = server;
  const nowMs = timers.nowMs();
  const rows = new Map<string, StreamRow>();
  for (const [key, entry] of registry.streams()) {
    const { bytesIn, bytesOut, viewers, downstream } = totals.get(entry) ?? noTotals;
    rows.set(key, {
      ...nothing,
      recvBytes: bytesIn,
      sendBytes: bytesOut,
      recvKbps: entry.recv.kbps(nowMs, bytesIn),
      sendKbps: entry.send.kbps(nowMs, bytesOut),
      players: viewers + downstream,
      viewers,
      downstream,
      active: sources.find(key)?.isActive ? 1 : 0,
    });
  }
  const add = (key: string, part: Partial<StreamRow>) =>
    rows.set(key, addStream(rows.get(key) ?? nothing, { ...nothing, ...part }));
  for (const client of registry.clients()) {
    const droppedPackets = client.dropped();
    if (droppedPackets > 0) add(client.url.key, { droppedPackets });
  }
  for (const { key, isFed, switches, lastGapMs } of pulls.states()) {
    add(key, { pulls: 1, fedPulls: isFed ? 1 : 0, switches, lastGapMs });
  }
  return [...rows];
}

/** Of gaps the longest counts. */
function addStream(a: StreamRow, b: StreamRow): StreamRow {
  return {
    recvBytes: a.recvBytes + b.recvBytes,
    sendBytes: a.sendBytes + b.sendBytes,
    recvKbps: a.recvKbps + b.recvKbps,
    sendKbps: a.sendKbps + b.sendKbps,
    players: a.players + b.players,
    viewers: a.viewers + b.viewers,
    downstream: a.downstream + b.downstream,
    active: a.active + b.active,
    droppedPackets: a.droppedPackets + b.droppedPackets,
    pulls: a.pulls + b.pulls,
    fedPulls: a.fedPulls + b.fedPulls,
    switches: a.switches + b.switches,
    lastGapMs: Math.max(a.lastGapMs, b.lastGapMs),
  };
}

function readOrigins({ pulls, timers }: ApiServer): LabelledRow<OriginRow>[] {
  const nowMs = timers.nowMs();
  const rows = [...pulls.pool.table()].map((health): LabelledRow<OriginRow> => {
    const { origin, pulls, failures, restUntilMs } = health;
    return [origin, { pulls, failures, resting: restUntilMs > nowMs ? 1 : 0 }];
  });
  return boundRows(rows, {
    rank: ({ pulls }) => pulls,
    merge: (a, b) => ({
      pulls: a.pulls + b.pulls,
      failures: a.failures + b.failures,
      resting: a.resting + b.resting,
    }),
  });
}

/** Reloads may bring ever others. */
function readCoworkers({ mesh: { coworkers } }: ApiServer): LabelledRow<CoworkerRow>[] {
  const rows = [...coworkers.table()].map(({ coworker, questions, failures, isSuspect }): LabelledRow<CoworkerRow> => {
    return [coworker, { questions, failures, suspect: isSuspect ? 1 : 0 }];
  });
  return boundRows(rows, {
    rank: ({ questions }) => questions,
    merge: (a, b) => ({
      questions: a.questions + b.questions,
      failures: a.failures + b.failures,
      suspect: a.suspect + b.suspect,
    }),
  });
}
