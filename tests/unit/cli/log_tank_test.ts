import { LogTank } from "../../../src/cli/log_tank.ts";
import { assertEquals } from "../../assert.ts";

/** An output that takes bytes only when told. */
class SlowOutput {
  text = "";
  #open = Promise.withResolvers<void>();

  letPass(): void {
    this.#open.resolve();
  }

  async write(bytes: Uint8Array): Promise<number> {
    await this.#open.promise;
    // Less than asked for, as a pipe does.
    const part = bytes.subarray(0, 1000);
    this.text += new TextDecoder().decode(part);
    return part.length;
  }
}

Deno.test("LogTank colours warnings yellow and errors red where colour is wanted", async () => {
  for (const color of [false, true]) {
    const output = new SlowOutput();
    output.letPass();
    const tank = LogTank.console({ color, onLost: () => {} }, output);
    tank.write("fine\n", "info");
    tank.write("odd\n", "warn");
    tank.write("bad\n", "error");
    await tank.close();
    assertEquals(output.text, color ? "fine\n\x1b[33modd\x1b[0m\n\x1b[31mbad\x1b[0m\n" : "fine\nodd\nbad\n");
  }
});

Deno.test("LogTank drops lines, and counts them, while its output takes none", async () => {
  const output = new SlowOutput();
  let lost = 0;
  const tank = LogTank.console({ color: false, onLost: (lines) => lost += lines }, output);
  const line = "x".repeat(8191) + "\n";
  for (let i = 0; i < 1000; i++) tank.write(line, "info");
  assertEquals(lost, 0);
  output.letPass();
  await tank.close();
  assertEquals(output.text.length, 512 * 8192);
  assertEquals(lost, 1000 - 512);
});

Deno.test("LogTank.close() does not wait for ever", async () => {
  const tank = LogTank.console({ color: false, onLost: () => {} }, new SlowOutput());
  tank.write("never seen\n", "info");
  const startedMs = performance.now();
  await tank.close();
  assertEquals(performance.now() - startedMs < 3000, true);
});

Deno.test("LogTank survives an output that fails", async () => {
  let calls = 0;
  let text = "";
  const output = {
    write(bytes: Uint8Array): Promise<number> {
      if (++calls === 1) return Promise.reject(new Deno.errors.BrokenPipe("reader left"));
      text += new TextDecoder().decode(bytes);
      return Promise.resolve(bytes.length);
    },
  };
  const lost: number[] = [];
  const tank = LogTank.console({ color: false, onLost: (lines) => lost.push(lines) }, output);
  tank.write("one\ntwo\n", "info");
  await new Promise((resolve) => setTimeout(resolve, 0));
  tank.write("three\n", "info");
  await tank.close();
  assertEquals([text, lost], ["three\n", [2]]);
});

Deno.test("LogTank appends to a file and opens it again after a rotation", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const path = `${directory}/new/srs.log`;
    for (const line of ["first\n", "second\n"]) {
      const tank = await LogTank.file(path, { color: false, onLost: () => {} });
      tank.write(line, "info");
      await tank.close();
    }
    const tank = await LogTank.file(path, { color: false, onLost: () => {} });
    await Deno.rename(path, `${path}.1`);
    tank.write("third\n", "info");
    await new Promise((resolve) => setTimeout(resolve, 50));
    tank.reopen();
    tank.write("fourth\n", "info");
    await tank.close();
    assertEquals(await Deno.readTextFile(`${path}.1`), "first\nsecond\nthird\n");
    assertEquals(await Deno.readTextFile(path), "fourth\n");
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
