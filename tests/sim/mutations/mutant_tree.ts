import type { Mutation } from "./mutation.ts";

const root = new URL("../../../", import.meta.url).pathname;
/** What the simulation consists of. */
const parts = ["src", "tests/kit", "tests/sim"];

/** A copy of the code in a temporary directory, broken in one way. Disposing deletes it. */
export class MutantTree implements AsyncDisposable {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** @throws {Error} The text that is to be replaced is not there once. */
  static async plant({ name, file, find, replace }: Mutation): Promise<MutantTree> {
    const text = await Deno.readTextFile(`${root}src/${file}`);
    if (text.split(find).length !== 2) throw new Error(`mutation "${name}": src/${file} has not once: ${find}`);
    const tree = new MutantTree(await Deno.makeTempDir({ prefix: "mutant-" }));
    for (const part of parts) await copyFolder(`${root}${part}`, `${tree.#folder}/${part}`);
    for (const part of ["deno.json", "deno.lock"]) await Deno.copyFile(`${root}${part}`, `${tree.#folder}/${part}`);
    await Deno.writeTextFile(`${tree.#folder}/src/${file}`, text.replace(find, () => replace));
    return tree;
  }

  /** Runs the simulation there. @returns Exit code, null if it came to no end, and what it printed. */
  async run(args: readonly string[], maxMs: number): Promise<[code: number | null, text: string]> {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", "--frozen", `${this.#folder}/tests/sim/sim.ts`, ...args],
      cwd: this.#folder,
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      child.kill("SIGKILL");
    }, maxMs);
    const { code, stdout, stderr } = await child.output();
    clearTimeout(timer);
    const decoder = new TextDecoder();
    return [isLate ? null : code, decoder.decode(stdout) + decoder.decode(stderr)];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#folder, { recursive: true });
  }
}

async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (isDirectory) await copyFolder(`${from}/${name}`, `${to}/${name}`);
    else await Deno.copyFile(`${from}/${name}`, `${to}/${name}`);
  }
}
