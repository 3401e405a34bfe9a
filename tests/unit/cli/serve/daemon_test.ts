import { type DaemonFacts, readyLine, reasonToStay } from "../../../../src/cli/serve/daemon.ts";
import { assertEquals } from "../../../kit/assert.ts";

const plain: DaemonFacts = { pid: 100, os: "linux", hasServiceManager: false, isContainer: false, mayRun: true };
const config = { inDocker: false, disableDaemonForDocker: true };

Deno.test("reasonToStay() lets a server go to the background unless somebody watches it in the foreground", async (t) => {
  const cases: [string, Partial<DaemonFacts>, Partial<typeof config>, string | null][] = [
    ["a plain process", {}, {}, null],
    ["under systemd", { hasServiceManager: true }, {}, "systemd started it and supervises it"],
    [
      "a container's first process",
      { pid: 1 },
      { disableDaemonForDocker: false },
      "it is process 1 of its container",
    ],
    ["in a container", { isContainer: true }, {}, "it runs in a container (disable_daemon_for_docker)"],
    ["in_docker on", {}, { inDocker: true }, "it runs in a container (disable_daemon_for_docker)"],
    ["in a container that may", { isContainer: true }, { disableDaemonForDocker: false }, null],
    ["without permission", { mayRun: false }, {}, "it was started without --allow-run"],
    ["on Windows", { os: "windows" }, {}, "Windows has no daemons"],
  ];
  for (const [name, facts, more, expected] of cases) {
    await t.step(name, () => assertEquals(reasonToStay({ ...config, ...more }, { ...plain, ...facts }), expected));
  }
});

Deno.test("readyLine() names role and process", () => {
  assertEquals(readyLine("edge", 42), "srs-ts: edge runs in the background, pid 42\n");
});
