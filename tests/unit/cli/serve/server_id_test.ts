import { systemWorld } from "../../../../src/net/system_world.ts";
import { keepServerId } from "../../../../src/cli/serve/server_id.ts";
import { assertEquals, assertMatch, assertNotEquals } from "../../../kit/assert.ts";
import { TestLog } from "../../../kit/test_log.ts";

async function inDirectory(test: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await test(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("keepServerId() makes an id once and finds it again, beside the pid file", () =>
  inDirectory(async (directory) => {
    const log = new TestLog();
    const id = await keepServerId(systemWorld, `${directory}/new/srs.pid`, log);
    assertMatch(id, /^vid-[a-z0-9]{7}$/);
    assertEquals(await keepServerId(systemWorld, `${directory}/new/srs.pid`, log), id);
    assertEquals(await Deno.readTextFile(`${directory}/new/srs.id`), id);
    assertNotEquals(await keepServerId(systemWorld, `${directory}/new/other`, log), id);
    assertEquals((await Array.fromAsync(Deno.readDir(`${directory}/new`))).map(({ name }) => name).toSorted(), [
      "other.id",
      "srs.id",
    ]);
    assertEquals(log.lines, []);
  }));

Deno.test("keepServerId() takes what SRS has left, replaces nonsense, and goes without a file if it must", () =>
  inDirectory(async (directory) => {
    const log = new TestLog();
    await Deno.writeTextFile(`${directory}/a.id`, "vid-00d5a3m\n");
    assertEquals(await keepServerId(systemWorld, `${directory}/a.pid`, log), "vid-00d5a3m");
    await Deno.writeTextFile(`${directory}/a.id`, "two words\x1b");
    assertMatch(await keepServerId(systemWorld, `${directory}/a.pid`, log), /^vid-/);
    assertEquals(log.lines, []);
    await Deno.mkdir(`${directory}/b.id`);
    assertMatch(await keepServerId(systemWorld, `${directory}/b.pid`, log), /^vid-/);
    assertEquals(log.find("warn cannot").length, 2);
  }));
