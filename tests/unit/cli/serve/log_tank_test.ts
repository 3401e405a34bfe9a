import { consoleTarget, LogTank, openLogFile } from "../../../../src/cli/serve/log_tank.ts";
import { assertEquals, assertGreater } from "../../../kit/assert.ts";

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
    const tank = new LogTank(consoleTarget(color, output), { files: Deno, onLost: () => {} });
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
  const tank = new LogTank(consoleTarget(false, output), { files: Deno, onLost: (lines) => lost += lines });
  const line = "x".repeat(8191) + "\n";
  for (let i = 0; i < 1000; i++) tank.write(line, "info");
  assertEquals(lost, 0);
  output.letPass();
  await tank.close();
  assertEquals(output.text.length, 512 * 8192);
  assertEquals(lost, 1000 - 512);
});

Deno.test("LogTank.close() does not wait for ever", async () => {
  const tank = new LogTank(consoleTarget(false, new SlowOutput()), { files: Deno, onLost: () => {} });
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
  const tank = new LogTank(consoleTarget(false, output), { files: Deno, onLost: (lines) => lost.push(lines) });
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
      const tank = new LogTank(await openLogFile(Deno, path), { files: Deno, onLost: () => {} });
      tank.write(line, "info");
      await tank.close();
    }
    const tank = new LogTank(await openLogFile(Deno, path), { files: Deno, onLost: () => {} });
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

/** Numbers of the lines in files, in rising order. */
async function numbersIn(...paths: string[]): Promise<number[]> {
  const texts = await Promise.all(paths.map((path) => Deno.readTextFile(path)));
  return texts.join("").split("\n").filter((line) => line !== "").map(Number).sort((a, b) => a - b);
}

Deno.test("LogTank loses no line when its file is rotated while thousands are written", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const path = `${directory}/srs.log`;
    const lost: number[] = [];
    const tank = new LogTank(await openLogFile(Deno, path), { files: Deno, onLost: (lines) => lost.push(lines) });
    const rotated: string[] = [];
    for (let i = 0; i < 20_000; i++) {
      tank.write(`${i}\n`, "info");
      if (i % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
      if (i % 4000 !== 2000) continue;
      rotated.push(`${path}.${i}`);
      await Deno.rename(path, rotated.at(-1)!);
      tank.reopen();
    }
    await tank.close();
    assertEquals(lost, []);
    assertEquals(rotated.length, 5);
    assertEquals(await numbersIn(path, ...rotated), Array.from({ length: 20_000 }, (_, i) => i));
    for (const each of [path, ...rotated]) assertGreater((await Deno.stat(each)).size, 1000);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("LogTank goes on with the old file when the new one cannot be opened, and says so", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const path = `${directory}/logs/srs.log`;
    const failed: string[] = [];
    const tank = new LogTank(await openLogFile(Deno, path), {
      files: Deno,
      onLost: () => {},
      onReopenFailed: (path) => failed.push(path),
    });
    await Deno.rename(`${directory}/logs`, `${directory}/old`);
    await Deno.writeTextFile(`${directory}/logs`, "in the way");
    tank.reopen();
    tank.write("1\n", "info");
    await new Promise((resolve) => setTimeout(resolve, 50));
    tank.write("2\n", "info");
    await tank.close();
    assertEquals([failed, await numbersIn(`${directory}/old/srs.log`)], [[path], [1, 2]]);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("LogTank moves to another target without losing a line", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const tank = new LogTank(await openLogFile(Deno, `${directory}/0`), { files: Deno, onLost: () => {} });
    for (let i = 0; i < 400; i++) {
      tank.write(`${i}\n`, "info");
      if (i % 100 === 50) tank.moveTo(await openLogFile(Deno, `${directory}/${i}`));
      if (i % 100 === 70) tank.moveTo(await openLogFile(Deno, `${directory}/${i}`));
    }
    await tank.close();
    const files = await Array.fromAsync(Deno.readDir(directory), ({ name }) => `${directory}/${name}`);
    assertEquals([files.length, await numbersIn(...files)], [9, Array.from({ length: 400 }, (_, i) => i)]);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
