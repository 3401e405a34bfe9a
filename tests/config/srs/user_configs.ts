import { formatProblem, loadConfig, type LoadResult } from "../../../src/config/mod.ts";

/** Configurations as users write them, each with an `.expect` file. */
export const directory = new URL("../samples/", import.meta.url);

/** Names of the configurations: SRS's language, TOML, or lists of environment variables. */
export function userConfigs(): string[] {
  return [...Deno.readDirSync(directory)].map(({ name }) => name).filter((name) => /\.(conf|toml|env)$/.test(name))
    .sort();
}

/** Reads one as `srs-ts origin` would in that directory. */
export function loadUserConfig(name: string): LoadResult {
  const text = Deno.readTextFileSync(new URL(name, directory));
  if (name.endsWith(".env")) return loadConfig({ path: name, envOnly: true, env: variablesOf(text) });
  const readFile = (path: string) => {
    try {
      return Deno.readTextFileSync(new URL(path, directory));
    } catch {
      throw new Error("there is no such file");
    }
  };
  const listDirectory = (path: string) => Array.from(Deno.readDirSync(new URL(path, directory)), (entry) => entry.name);
  return loadConfig({ path: name, text, readFile, listDirectory, system: { maxOpenFiles: 65_536, localAddresses: 3 } });
}

function variablesOf(text: string): Record<string, string> {
  const lines = text.split("\n").filter((line) => line !== "");
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
}

/**
 * The verdict on one: `ok`, `warnings` or `errors`, and then every problem. What is said about features that this
 * server lacks is left out: that changes with the features.
 */
export function verdictOf(name: string): string {
  const about = loadUserConfig(name).problems.filter(({ message }) => !isAboutFeature(message));
  const severities = about.map(({ severity }) => severity);
  const verdict = severities.includes("error") ? "errors" : severities.length > 0 ? "warnings" : "ok";
  const lines = about.map((problem) => formatProblem(problem).replace(`${name}:`, ""));
  return [verdict, ...lines].map((line) => `${line}\n`).join("");
}

/** Whether a message is about the status of a row and not about a mistake. */
export function isAboutFeature(message: string): boolean {
  return /^"[a-z0-9_.]+" (has no effect here|is not supported): /.test(message);
}

export function expectPath(name: string): URL {
  return new URL(name.replace(/\.(\w+)$/, "_$1.expect"), directory);
}

/** Writes the present verdicts: `deno run -A tests/config/srs/user_configs.ts`. Read the difference before it is kept. */
if (import.meta.main) {
  for (const name of userConfigs()) Deno.writeTextFileSync(expectPath(name), verdictOf(name));
}
