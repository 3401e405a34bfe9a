import type { Files, World } from "../../../src/base/world.ts";

/** A machine's files: none. */
export const noFiles = new Proxy({} as Files, {
  get: (_, name) => () => {
    const error = new Deno.errors.NotFound("No such file or directory");
    if (String(name).endsWith("Sync")) throw error;
    return Promise.reject(error);
  },
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
