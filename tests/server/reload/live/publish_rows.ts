import { MemoryPublisher } from "../../../kit/memory/memory_peers.ts";
import { portions } from "./play_rows.ts";
import { inVhost, type LiveRow, type LiveRows } from "./stage.ts";

const readInPortions: Omit<LiveRow, "before" | "after"> = {
  begin: (stage) => portions(stage, 800),
  seen: [false, true],
};

/** Rows about publishers that run. */
export const publishRows: LiveRows = {
  "vhost.publish.mr": {
    ...inVhost("publish", "mr off; mr_latency 900;", "mr on; mr_latency 900;"),
    ...readInPortions,
  },
  "vhost.publish.mr_latency": {
    ...inVhost("publish", "mr on; mr_latency 100;", "mr on; mr_latency 900;"),
    ...readInPortions,
  },
  "vhost.publish.firstpkt_timeout": {
    ...inVhost("publish", "firstpkt_timeout 20000;", "firstpkt_timeout 3000;"),
    async begin(stage) {
      const publisher = await MemoryPublisher.start(stage.host(), "10.0.0.1:1935", "s");
      publisher.fallSilent();
      await stage.run(1000);
      return async () => await stage.until(() => publisher.ended !== "") > 10_000;
    },
    seen: [true, false],
  },
  "vhost.publish.normal_timeout": {
    ...inVhost("publish", "normal_timeout 15000;", "normal_timeout 3000;"),
    async begin(stage) {
      const publisher = await stage.publish();
      return async () => {
        publisher.fallSilent();
        return await stage.until(() => publisher.ended !== "") > 10_000;
      };
    },
    seen: [true, false],
  },
  "vhost.publish.kickoff_for_idle": {
    ...inVhost("publish", "kickoff_for_idle 0;", "kickoff_for_idle 3;"),
    async begin(stage) {
      const publisher = await stage.publish();
      return async () => {
        await stage.run(6000);
        return publisher.ended !== "";
      };
    },
    seen: [false, true],
  },
  "vhost.publish.on_conflict": {
    ...inVhost("publish", "on_conflict reject;", "on_conflict takeover;"),
    async begin(stage) {
      const first = await stage.publish();
      return async () => {
        const second = await stage.publish();
        return [first.ended === "", second.isReady];
      };
    },
    seen: [[true, false], [false, true]],
  },
};
