import { assertEquals, assertGreater } from "../../kit/assert.ts";
import { run } from "../../kit/launcher.ts";

const LIMIT_MS = 120_000;
const program = new URL("../../kit/server/send_churn.ts", import.meta.url).pathname;

/** Runs some seeds of the program in a process of its own, whose memory nobody else uses. */
async function churn(
  path: string,
  threads = 1,
): Promise<{ messages: number; givenBytes: number; emptiedBytes: number; usedBytes: number }> {
  const flags = ["--no-check", "--v8-flags=--expose-gc", "-A"];
  const { code, output } = await run(
    [Deno.execPath(), "run", ...flags, program, path, "1", "5", `${threads}`],
    LIMIT_MS,
  );
  assertEquals(code, 0, output);
  return JSON.parse(output.trim().split("\n").at(-1) ?? "");
}

Deno.test("players get the bytes that were published, while memory of the log is used again", {
  ignore: Deno.build.os !== "linux",
}, async () => {
  const { messages, emptiedBytes, usedBytes } = await churn("sendfile");
  assertGreater(messages, 10_000);
  // Otherwise nothing was proven: memory that sockets had must have become the next block's.
  assertGreater(emptiedBytes, 2 * usedBytes);
});

Deno.test("players get the bytes that were published, one way or the other", {
  ignore: Deno.build.os !== "linux",
}, async () => {
  for (const path of ["send", "write"]) {
    const { messages, givenBytes } = await churn(path);
    assertGreater(messages, 10_000);
    // Otherwise nothing was proven: blocks that players had must have become the next ones.
    assertGreater(givenBytes, 5_000_000);
  }
});

Deno.test("players of several threads get the bytes that were published", {
  ignore: Deno.build.os !== "linux",
}, async () => {
  assertGreater((await churn("sendfile", 3)).messages, 10_000);
});
