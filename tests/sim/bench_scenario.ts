import type { Scenario } from "./scenario.ts";

const STREAMS = 20;
const PLAYERS = 60;
const NODES = 3;

/** A minute without faults, of a cluster of usual size: how fast the simulation is. */
export const benchScenario: Scenario = {
  seed: 1,
  dayMs: 60_000,
  directory: "mesh",
  onConflict: "takeover",
  weather: { latencyMs: 1, jitterMs: 1, segmentBytes: 0 },
  origins: NODES,
  edges: NODES,
  discovery: "list",
  latecomers: 0,
  srs: [],
  attackers: [],
  hls: null,
  hlsViewers: [],
  publishers: Array.from({ length: STREAMS }, (_, at) => ({
    name: `encoder-${at + 1}`,
    stream: `s${at + 1}`,
    origin: 1 + at % NODES,
    home: "",
    backsOff: false,
    source: "",
    reconnect: "same",
    reconnectMs: 1000,
    startMs: at * 50,
    endMs: null,
    // As on other days: most send less, which costs less and finds the same.
    frameMs: at % 5 === 0 ? 40 : 100,
    audioLagMs: 0,
    gopFrames: at % 5 === 0 ? 50 : 20,
    burst: 1,
    hasBFrames: false,
    frameBytes: 300,
    firstTimestampMs: 0,
    hasMetadata: true,
    startBurst: 0,
    headerGops: 0,
    canReconnect: false,
    silences: [],
  })),
  players: Array.from({ length: PLAYERS }, (_, at) => ({
    name: `viewer-${at + 1}`,
    stream: `s${1 + at % STREAMS}`,
    kind: "rtmp",
    server: `edge-${1 + at % NODES}`,
    startMs: 1000 + at * 20,
    endMs: null,
    returnMs: 1000,
    lineBytesPerMs: 0,
    follows: false,
    pauseMs: 0,
    staysMs: 0,
  })),
  faults: [],
};
