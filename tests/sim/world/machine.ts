import type { Files, World } from "../../../src/base/world.ts";

/** Always the same one: machines look for files that are not there all the time. */
const notFound = new Deno.errors.NotFound("No such file or directory");
const fail = () => {
  throw notFound;
};
const reject = () => Promise.reject(notFound);

/** A machine's files: none. */
export const noFiles = new Proxy({} as Files, {
  get: (_, name) => typeof name === "string" && name.endsWith("Sync") ? fail : reject,
});

/** A process on a machine, the same in each run. */
export const processFacts: World["process"] = {
  args: [],
  build: Deno.build,
  cwd: () => "/srv",
  hostname: () => "machine",
  osRelease: () => "6.18",
  pid: 4711,
  ppid: 1,
  version: Deno.version,
};
