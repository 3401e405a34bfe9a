import { assertGreater } from "../../../kit/assert.ts";
import { MemoryHttp } from "../../../kit/memory/memory_http.ts";
import { script, videoHeader } from "../../../kit/media/packets.ts";
import { inVhost, type LiveRows, type Stage } from "./stage.ts";

/** Whether one that comes in the middle of a GOP gets what there is of it. */
async function startsWithGop(stage: Stage): Promise<boolean> {
  const viewer = await stage.play();
  return viewer.frames[0]?.startsWith("K") === true && viewer.frames.length > 30;
}

async function runAndJoin(stage: Stage) {
  await stage.publish();
  const resident = await stage.play();
  // Half a second after a keyframe.
  return async () => {
    const from = resident.frames.length;
    await stage.run(1300);
    assertGreater(resident.frames.length - from, 30, "the stream goes on");
    return await startsWithGop(stage);
  };
}

/** Whether a player that runs is sent to in portions of more than `ms`. */
export async function portions(stage: Stage, ms: number) {
  await stage.publish();
  const viewer = await stage.play();
  return async () => {
    const from = viewer.arrivedMs.length;
    await stage.run(4000);
    const times = viewer.arrivedMs.slice(from);
    assertGreater(times.length, 100);
    const gaps = times.slice(1).map((time, i) => time - times[i]!);
    return gaps.filter((gap) => gap > ms).length > 1;
  };
}

/** Whether a player that takes nothing for five seconds loses packets. */
async function losesPackets(stage: Stage) {
  await stage.publish();
  const viewer = await stage.play();
  const entry = [...stage.server.server.registry.clients()].find(({ type }) => type === "rtmp-play")!;
  return async () => {
    viewer.socket.stall();
    await stage.run(5000);
    return entry.dropped() > 0;
  };
}

/** Rows about how running streams are served. */
export const playRows: LiveRows = {
  "vhost.play.gop_cache": {
    ...inVhost("play", "gop_cache off;", "gop_cache on;"),
    begin: runAndJoin,
    seen: [false, true],
  },
  "vhost.play.gop_cache_max_frames": {
    ...inVhost("play", "gop_cache_max_frames 2500;", "gop_cache_max_frames 5;"),
    begin: runAndJoin,
    seen: [true, false],
  },
  "vhost.play.queue_length": {
    ...inVhost("play", "queue_length 30;", "queue_length 1;"),
    begin: losesPackets,
    seen: [false, true],
  },
  "vhost.play.realtime": {
    ...inVhost("play", "realtime off;", "realtime on;"),
    begin: losesPackets,
    seen: [false, true],
  },
  "vhost.play.mw_latency": {
    ...inVhost("play", "mw_latency 100;", "mw_latency 1000;"),
    begin: (stage) => portions(stage, 800),
    seen: [false, true],
  },
  "vhost.play.mw_msgs": {
    ...inVhost("play", "mw_latency 100; mw_msgs 0;", "mw_latency 100; mw_msgs 48;"),
    begin: (stage) => portions(stage, 800),
    seen: [false, true],
  },
  "vhost.play.send_min_interval": {
    ...inVhost("play", "send_min_interval 0;", "send_min_interval 19.5;"),
    begin: (stage) => portions(stage, 100),
    seen: [true, false],
  },
  "vhost.play.atc_auto": {
    ...inVhost("play", "atc_auto off;", "atc_auto on;"),
    async begin(stage) {
      const publisher = await stage.publish("s", { fromMs: 900_000 });
      const viewer = await stage.play();
      return async () => {
        publisher.send(script("@setDataFrame", "onMetaData", { id: 5, bravo_atc: "true" }));
        await stage.run(1000);
        return viewer.timestampsMs.at(-1)! > 800_000;
      };
    },
    seen: [false, true],
  },
  "vhost.play.reduce_sequence_header": {
    ...inVhost("play", "reduce_sequence_header off;", "reduce_sequence_header on;"),
    async begin(stage) {
      const publisher = await stage.publish();
      const viewer = await stage.play();
      return async () => {
        const from = viewer.labels.length;
        publisher.send(videoHeader(2));
        await stage.run(1000);
        assertGreater(viewer.labels.length - from, 30, "the stream goes on");
        return viewer.labels.slice(from).includes("VH2");
      };
    },
    seen: [true, false],
  },
  "vhost.min_latency": {
    ...inVhost("", "min_latency on;", "min_latency off;"),
    async begin(stage) {
      await stage.publish();
      const client = stage.host();
      const viewer = await stage.play();
      const http = await MemoryHttp.get(client, "10.0.0.1:8080", "/live/s.flv");
      await stage.run(2000);
      return async () => {
        await stage.run(2000);
        return [viewer.socket.peerSendsAtOnce, http.socket.peerSendsAtOnce];
      };
    },
    seen: [[true, true], [false, false]],
  },
  "vhost.tcp_nodelay": {
    ...inVhost("", "tcp_nodelay off;", "tcp_nodelay on;"),
    async begin(stage) {
      await stage.publish();
      const viewer = await stage.play();
      await stage.run(2000);
      return async () => {
        await stage.run(2000);
        return viewer.socket.peerSendsAtOnce;
      };
    },
    seen: [false, true],
  },
};
