import { loadConfig, requireConfig, type VhostConfig } from "../../../../src/config/mod.ts";
import { type ReadMoment, readPlan } from "../../../../src/server/publish/read_plan.ts";
import { assertEquals } from "../../../kit/assert.ts";

function vhost(directives: string): VhostConfig {
  const text = `listen 1935; vhost __defaultVhost__ { ${directives} }`;
  return requireConfig(loadConfig({ path: "t.conf", text })).vhosts[0]!;
}

const settled: ReadMoment = {
  forMs: 5000,
  bytes: 2000,
  toFlushMs: 300,
  awaitsMsgs: false,
  isHasty: false,
  isWatched: true,
  awaitsKeyframe: false,
  publishers: 1,
};

const unwatched = { isWatched: false };

const cases: {
  name: string;
  directives?: string;
  moment?: Partial<ReadMoment>;
  pauseMs: number;
  gatherMs: number;
  commonMs: number;
}[] = [
  { name: "a single one waits for some messages", pauseMs: 40, gatherMs: 300, commonMs: 25 },
  { name: "one that has just come is read at once", moment: { forMs: 100 }, pauseMs: 0, gatherMs: 0, commonMs: 5 },
  {
    name: "hundreds wait for a quarter of the flush",
    moment: { publishers: 500 },
    pauseMs: 88,
    gatherMs: 300,
    commonMs: 25,
  },
  {
    name: "what is due is not waited for",
    moment: { publishers: 500, toFlushMs: 30 },
    pauseMs: 25,
    gatherMs: 30,
    commonMs: 5,
  },
  {
    name: "a moment before the flush everything is read",
    moment: { toFlushMs: 12 },
    pauseMs: 0,
    gatherMs: 12,
    commonMs: 5,
  },
  { name: "nobody to send to", moment: { toFlushMs: -5000 }, pauseMs: 40, gatherMs: 350, commonMs: 25 },
  {
    name: "nobody watches: together with others, a second",
    moment: unwatched,
    pauseMs: 40,
    gatherMs: 1000,
    commonMs: 1000,
  },
  {
    name: "nobody watches many: not all at the same moment",
    moment: { ...unwatched, publishers: 500 },
    pauseMs: 88,
    gatherMs: 1000,
    commonMs: 25,
  },
  {
    name: "nobody watches one that has just come",
    moment: { ...unwatched, forMs: 100 },
    pauseMs: 0,
    gatherMs: 0,
    commonMs: 1,
  },
  {
    name: "few messages: the next ones",
    moment: { toFlushMs: 0, awaitsMsgs: true },
    pauseMs: 40,
    gatherMs: 0,
    commonMs: 5,
  },
  {
    name: "parts are made of it: soon, however many publish",
    moment: { isHasty: true, publishers: 500 },
    pauseMs: 40,
    gatherMs: 40,
    commonMs: 5,
  },
  {
    name: "realtime: in portions, at once",
    directives: "play { realtime on; }",
    pauseMs: 40,
    gatherMs: 0,
    commonMs: 5,
  },
  { name: "players wait for a picture", moment: { awaitsKeyframe: true }, pauseMs: 0, gatherMs: 0, commonMs: 5 },
  { name: "much is read on", moment: { bytes: 40_000 }, pauseMs: 0, gatherMs: 300, commonMs: 25 },
  { name: "min_latency: never", directives: "min_latency on;", pauseMs: 0, gatherMs: 0, commonMs: 5 },
  {
    name: "a flush that comes soon leaves no time",
    directives: "play { mw_latency 30; }",
    moment: { toFlushMs: 30 },
    pauseMs: 0,
    gatherMs: 30,
    commonMs: 5,
  },
  {
    name: "mr on: mr_latency, at once",
    directives: "publish { mr on; mr_latency 500; }",
    moment: { forMs: 0, toFlushMs: 1 },
    pauseMs: 500,
    gatherMs: 0,
    commonMs: 5,
  },
  {
    name: "mr on with min_latency: never",
    directives: "min_latency on; publish { mr on; mr_latency 500; }",
    pauseMs: 0,
    gatherMs: 0,
    commonMs: 5,
  },
];

for (const { name, directives = "", moment, ...plan } of cases) {
  Deno.test(`readPlan: ${name}`, () => {
    const { commonMs, ...decided } = readPlan(vhost(directives), { ...settled, ...moment });
    // Of no meaning where nothing gathers.
    assertEquals({ ...decided, commonMs: plan.gatherMs === 0 ? plan.commonMs : commonMs }, plan);
  });
}
