import { SrsError } from "../../../../src/base/errors.ts";
import { PidFile } from "../../../../src/cli/serve/pid_file.ts";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "../../../kit/assert.ts";

/** A process id that nobody has: the kernel gives none beyond 2^22. */
const NOBODY = 2 ** 30;

async function withDirectory(test: (path: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await test(`${directory}/objs/deep/x.pid`);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function put(path: string, text: string): Promise<void> {
  await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  await Deno.writeTextFile(path, text);
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

/** A child that does nothing until it is killed. */
function sleeper(): AsyncDisposable & { pid: number } {
  const child = new Deno.Command("sleep", { args: ["30"] }).spawn();
  return {
    pid: child.pid,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.status;
    },
  };
}

Deno.test("PidFile holds the id while it is held, directories made, and leaves nothing", () =>
  withDirectory(async (path) => {
    const file = await PidFile.acquire(Deno, path, 4711);
    assertEquals(await Deno.readTextFile(path), "4711");
    file.release();
    file.release();
    assertEquals(await exists(path), false);
  }));

Deno.test("PidFile.acquire() replaces what a dead process, a crash or a person left", async (t) => {
  for (const left of [String(NOBODY), "", "no number", "-1", String(Deno.pid), "12345678901234567890"]) {
    await t.step(JSON.stringify(left), () =>
      withDirectory(async (path) => {
        await put(path, left);
        using _file = await PidFile.acquire(Deno, path, Deno.pid);
        assertEquals(await Deno.readTextFile(path), String(Deno.pid));
      }));
  }
});

Deno.test("PidFile.acquire() refuses a file of a process that runs, with SRS's code", () =>
  withDirectory(async (path) => {
    await using other = sleeper();
    await put(path, String(other.pid));
    // A file is not written before its process starts: give the kernel's clock its due.
    const error = await assertRejects(() => PidFile.acquire(Deno, path, Deno.pid), SrsError);
    assertEquals([error.code, error.code & 255], [1035, 11]);
    assertStringIncludes(error.message, `process ${other.pid} holds the pid file ${path}`);
    assertEquals(await Deno.readTextFile(path), String(other.pid));
  }));

Deno.test("PidFile.acquire() says so when the file cannot be made", () =>
  withDirectory(async (path) => {
    await put(path, "");
    const error = await assertRejects(() => PidFile.acquire(Deno, `${path}/below.pid`, Deno.pid), SrsError);
    assertEquals(error.codeName, "ConfigInvalid");
    assertStringIncludes(error.message, `cannot write the pid file ${path}/below.pid`);
  }));

Deno.test("PidFile.acquire() follows no link: another user may have laid it", () =>
  withDirectory(async (path) => {
    const target = `${path}.target`;
    await put(target, "precious");
    for (const name of [target, `${path}.nothing`]) {
      await Deno.symlink(name, path);
      const error = await assertRejects(() => PidFile.acquire(Deno, path, Deno.pid), SrsError);
      assertStringIncludes(error.message, `the pid file ${path} is a symbolic link`);
      await Deno.remove(path);
    }
    assertEquals([await Deno.readTextFile(target), await exists(`${path}.nothing`)], ["precious", false]);
  }));

Deno.test({
  name: "PidFile.acquire() replaces a file that is older than the process which has its id now",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    withDirectory(async (path) => {
      await using other = sleeper();
      await put(path, String(other.pid));
      const hourAgo = new Date(Date.now() - 3_600_000);
      await Deno.utime(path, hourAgo, hourAgo);
      using _file = await PidFile.acquire(Deno, path, Deno.pid);
      assertEquals(await Deno.readTextFile(path), String(Deno.pid));
    }),
});

Deno.test({
  name: "PidFile.acquire() lets one of many win that start at once",
  // The losers wait for the lock on a thread until the winner lets go, and some moments more.
  sanitizeOps: false,
  sanitizeResources: false,
  fn: () =>
    withDirectory(async (path) => {
      await put(path, String(NOBODY));
      const results = await Promise.allSettled(
        Array.from({ length: 8 }, (_, index) => PidFile.acquire(Deno, path, NOBODY + 1 + index)),
      );
      const winners = results.flatMap((result) => result.status === "fulfilled" ? [result.value] : []);
      assertEquals(winners.length, 1);
      for (const result of results) {
        if (result.status === "rejected") assert(result.reason instanceof SrsError, String(result.reason));
      }
      winners[0]!.release();
      assertEquals(await exists(path), false);
    }),
});
