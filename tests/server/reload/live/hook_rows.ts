import { MemoryHooks } from "../../../kit/memory/memory_hooks.ts";
import { atRoot, inVhost, type LiveRow, type LiveRows, type Stage } from "./stage.ts";

type Event = "on_connect" | "on_close" | "on_publish" | "on_unpublish" | "on_play" | "on_stop";

/** What becomes of clients while hooks listen: one that was there before the reload leaves, another one comes. */
async function hear(stage: Stage): Promise<() => Promise<string[]>> {
  const hooks = new MemoryHooks(stage.network);
  const publisher = await stage.publish();
  const viewer = await stage.play();
  return async () => {
    hooks.calls.length = 0;
    viewer[Symbol.dispose]();
    publisher[Symbol.dispose]();
    await stage.run(500);
    const other = await stage.publish("other");
    await stage.play("other");
    await stage.until(() => other.isReady, 2000);
    return [...new Set(hooks.paths)];
  };
}

function hookRow(event: Event): LiveRow {
  const file = (path: string) => `enabled on; ${event} ${MemoryHooks.url(path)};`;
  return {
    ...inVhost("http_hooks", file("/before"), file("/after")),
    begin: hear,
    seen: [["/before"], ["/after"]],
  };
}

const events: readonly Event[] = ["on_connect", "on_close", "on_publish", "on_unpublish", "on_play", "on_stop"];

/** The latest report of a heartbeat, or null when there was none for a while. */
async function report(stage: Stage) {
  const hooks = new MemoryHooks(stage.network);
  await stage.run(5000);
  return async () => {
    hooks.calls.length = 0;
    await stage.run(2500);
    return hooks;
  };
}

function heartbeatRow(before: string, after: string, see: (hooks: MemoryHooks) => unknown, seen: LiveRow["seen"]) {
  const file = (directives: string) =>
    `heartbeat { ${directives.includes("url") ? "" : `url ${MemoryHooks.url("/")};`} ${directives} }`;
  const begin = async (stage: Stage) => {
    const look = await report(stage);
    return async () => see(await look());
  };
  return { ...atRoot(file(before), file(after)), begin, seen };
}

const every = "enabled on; interval 1;";
const lastBody = ({ calls }: MemoryHooks) => calls.at(-1)?.body ?? {};

/** Rows about whom a running server tells of what. */
export const hookRows: LiveRows = {
  ...Object.fromEntries(events.map((event) => [`vhost.http_hooks.${event}`, hookRow(event)])),
  "vhost.http_hooks.enabled": {
    ...inVhost(
      "http_hooks",
      `enabled on; on_stop ${MemoryHooks.url("/stop")};`,
      `enabled off; on_stop ${MemoryHooks.url("/stop")};`,
    ),
    begin: hear,
    seen: [["/stop"], []],
  },
  "vhost.http_hooks.timeout": {
    ...inVhost(
      "http_hooks",
      `enabled on; timeout 5000; on_play ${MemoryHooks.url("/play")};`,
      `enabled on; timeout 1000; on_play ${MemoryHooks.url("/play")};`,
    ),
    async begin(stage) {
      new MemoryHooks(stage.network).isMute = true;
      await stage.publish();
      return async () => {
        const viewer = await stage.play();
        return await stage.until(() => viewer.ended !== "") > 2000;
      };
    },
    seen: [true, false],
  },
  "heartbeat.enabled": heartbeatRow("enabled off; interval 1;", every, ({ calls }) => calls.length > 0, [false, true]),
  // Not at the end of the old interval.
  "heartbeat.interval": heartbeatRow(
    "enabled on; interval 3600;",
    every,
    ({ calls }) => calls.length,
    [0, 3],
  ),
  "heartbeat.url": heartbeatRow(
    `${every} url ${MemoryHooks.url("/a")};`,
    `${every} url ${MemoryHooks.url("/b")};`,
    ({ paths }) => [...new Set(paths)],
    [["/a"], ["/b"]],
  ),
  "heartbeat.device_id": heartbeatRow(
    `${every} device_id a;`,
    `${every} device_id b;`,
    (hooks) => lastBody(hooks).device_id,
    ["a", "b"],
  ),
  "heartbeat.summaries": heartbeatRow(
    `${every} summaries off;`,
    `${every} summaries on;`,
    (hooks) => "summaries" in lastBody(hooks),
    [false, true],
  ),
  "heartbeat.ports": heartbeatRow(
    `${every} ports off;`,
    `${every} ports on;`,
    (hooks) => "rtmp" in lastBody(hooks),
    [false, true],
  ),
};
