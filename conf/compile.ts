/**
 * Writes the program as one executable: `deno task compile [--target TRIPLE] [--output FILE]`.
 *
 * `deno compile` packs every npm package that `deno.json` names, and all their files. This leaves out what a server never
 * loads: packages of the tests, type declarations, source maps, the packages' own tests.
 */
import { parseArgs } from "@std/cli/parse-args";
import { V8_FLAGS } from "../src/cli/own_command.ts";

const top = new URL("../", import.meta.url);

/** Files that the program reads beside its modules, and modules that it starts as threads. */
const included = [
  "src/cli/sample.flv",
  "src/http/console/page",
  "src/threads/worker/fanout_worker.ts",
  ...Array.from(Deno.readDirSync(new URL("conf/", top)), ({ name }) => name)
    .filter((name) => /^origin\.cluster\..*\.conf$/.test(name)).map((name) => `conf/${name}`).sort(),
];

/** Deno 2.4 walks the module graph recursively. */
const STACK_BYTES = "67108864";
/** Files of a package that no server loads, by their path in it. */
export const UNUSED_FILE = /\.(?:d\.[cm]?ts|map|md|html)$|\/(?:tests?|test-utils|benchmark|docs?|skills)\//;

/** What `deno.lock` holds, as far as it matters here. */
export interface Lock {
  version: string;
  specifiers: Record<string, string>;
  npm: Record<string, { integrity: string; dependencies?: string[] }>;
  [member: string]: unknown;
}

if (import.meta.main) Deno.exit(await compile(Deno.args));

async function compile(words: string[]): Promise<number> {
  const { output, target } = parseArgs(words, {
    string: ["output", "target"],
    boolean: [],
    alias: {},
    collect: [],
    unknown: (word: string) => {
      throw new Error(`unknown argument ${word}; there are --target TRIPLE and --output FILE`);
    },
  });
  const config = JSON.parse(await Deno.readTextFile(new URL("deno.json", top)));
  const lock: Lock = JSON.parse(await Deno.readTextFile(new URL("deno.lock", top)));
  const imports = await usedImports(config.imports);
  const directory = await Deno.makeTempDir({ prefix: "srs-ts-compile-" });
  try {
    const kept = reduceLock(lock, Object.values(imports));
    const { compilerOptions, unstable } = config;
    const own = { imports, nodeModulesDir: "none", unstable, compilerOptions };
    await Deno.writeTextFile(`${directory}/deno.json`, JSON.stringify(own));
    await Deno.writeTextFile(`${directory}/deno.lock`, JSON.stringify(kept));
    return await run([
      "compile",
      "--allow-all",
      // `deno task ok` checks the types; compilers differ between versions of Deno.
      "--no-check",
      `--config=${directory}/deno.json`,
      `--lock=${directory}/deno.lock`,
      `--v8-flags=${V8_FLAGS}`,
      ...included.map((path) => `--include=${path}`),
      ...(await unusedFiles(Object.keys(kept.npm))).map((path) => `--exclude=${path}`),
      ...(typeof target === "string" ? [`--target=${target}`] : []),
      `--output=${typeof output === "string" ? output : "srs-ts"}`,
      "main.ts",
    ]);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** Entries of the import map that a module of the program names. */
export async function usedImports(imports: Record<string, string>): Promise<Record<string, string>> {
  const texts: string[] = [];
  const read = async (folder: URL) => {
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      if (isDirectory) await read(new URL(`${name}/`, folder));
      else if (name.endsWith(".ts")) texts.push(await Deno.readTextFile(new URL(name, folder)));
    }
  };
  await read(new URL("src/", top));
  return Object.fromEntries(
    Object.entries(imports).filter(([name]) => texts.some((text) => text.includes(`"${name}"`))),
  );
}

/** The lock without the packages that nothing leads to. */
export function reduceLock(lock: Lock, wanted: readonly string[]): Lock {
  const specifiers = Object.fromEntries(
    Object.entries(lock.specifiers).filter(([name]) =>
      wanted.some((each) => each === name || each.startsWith(`${name}/`))
    ),
  );
  const npm: Lock["npm"] = {};
  const keep = (name: string) => {
    const found = Object.entries(lock.npm).find(([id]) => id === name || id.startsWith(`${name}@`));
    if (found === undefined || Object.hasOwn(npm, found[0])) return;
    npm[found[0]] = found[1];
    found[1].dependencies?.forEach(keep);
  };
  for (const [name, version] of Object.entries(specifiers)) {
    keep(`${name.replace(/^npm:(.[^@]*)@.*$/, "$1")}@${version}`);
  }
  return { version: lock.version, specifiers, npm };
}

/** Files in Deno's cache of these packages that no server loads. */
async function unusedFiles(packages: readonly string[]): Promise<string[]> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"], stderr: "inherit" }).output();
  const { npmCache } = JSON.parse(new TextDecoder().decode(stdout));
  const unused: string[] = [];
  const walk = async (folder: string) => {
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      const path = `${folder}/${name}`;
      if (UNUSED_FILE.test(isDirectory ? `${path}/` : path)) unused.push(path);
      else if (isDirectory) await walk(path);
    }
  };
  for (const id of packages) {
    const [, name = "", version = ""] = /^(.[^@]*)@([^_]*)/.exec(id) ?? [];
    await walk(`${npmCache}/registry.npmjs.org/${name}/${version}`).catch((error) => {
      // Not in the cache yet, or from another registry: then the file is larger, and works as well.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
  }
  return unused;
}

/** Runs Deno, and explains the one failure that users meet. @returns The exit status. */
async function run(args: readonly string[]): Promise<number> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: top,
    env: { RUST_MIN_STACK: STACK_BYTES, NO_COLOR: "1" },
    stdout: "inherit",
    stderr: "piped",
  }).spawn();
  const [{ code }, said] = await Promise.all([child.status, new Response(child.stderr).text()]);
  if (code === 0) {
    const result = /^--output=(.*)/m.exec(args.find((arg) => arg.startsWith("--output=")) ?? "")?.[1] ?? "";
    for (const path of [result, `${result}.exe`]) {
      const size = await Deno.stat(new URL(path, top)).then((stat) => stat.size, () => null);
      if (size !== null) say(Deno.stdout, `${path}: ${(size / 1e6).toFixed(1)} MB`);
    }
    return 0;
  }
  say(Deno.stderr, explainFailure(said));
  return 1;
}

/** What went wrong, in words where it is the one failure that users meet. */
export function explainFailure(said: string): string {
  const address = /https:\/\/[^\s)]*denort[^\s)]*/.exec(said)?.[0];
  if (address === undefined) return said;
  return [
    `cannot get denort, the part of Deno ${Deno.version.deno} that becomes part of the executable:`,
    `    ${address}`,
    "could not be downloaded. Fetch and unzip it on a machine that can, and name the file:",
    "    DENORT_BIN=/path/to/denort deno task compile",
    "It must be of the same version as this Deno, and of the system that the executable is for.",
  ].join("\n");
}

function say(stream: typeof Deno.stdout, text: string): void {
  stream.writeSync(new TextEncoder().encode(`${text}\n`));
}
