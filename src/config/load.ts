import { checkConfig, findDirective, type SystemFacts } from "./check.ts";
import type { Config } from "./config.ts";
import { ConfReader, type ReadFile } from "./include.ts";
import { rewriteLegacy } from "./legacy.ts";
import { type ConfigProblem, ConfigSyntaxError, ProblemList, wholeFile } from "./problem.ts";
import { newReadContext, readBlock } from "./read_block.ts";
import { isDirectiveName } from "./row_index.ts";
import { rootRows } from "./schema/root.ts";
import type { ConfBlock } from "./srs_parser.ts";

/** Options of {@link loadConfig}. */
export interface LoadOptions {
  /** The file, as messages name it. */
  readonly path: string;
  /** Its content, when that is already known. */
  readonly text?: string;
  /** Reads the file and those it includes; throws when it cannot. */
  readonly readFile?: ReadFile;
  readonly system?: SystemFacts;
  /** False when a missing `listen` is no error; default true. */
  readonly requireListen?: boolean;
}

/** What came of a load. With errors among the problems, `config` is what could be read and must not be run. */
export interface LoadResult {
  readonly config: Config;
  /** From top to bottom of each file. */
  readonly problems: readonly ConfigProblem[];
  /** Text of every file read. */
  readonly sources: ReadonlyMap<string, string>;
}

/** Reads an SRS configuration file: text to typed values, and everything there is to say about it. */
export function loadConfig(options: LoadOptions): LoadResult {
  const problems = new ProblemList();
  const readFile = options.readFile ?? (() => {
    throw new Error("files cannot be read here");
  });
  const reader = new ConfReader({ readFile, problems, isName: isDirectiveName });
  const parsed = reader.read(options.path, options.text);
  const file = options.path;
  const empty = parsed.directives.length === 0;
  if (empty && !problems.hasErrors) problems.error(wholeFile(file), "the configuration is empty");
  const tree = rewriteLegacy(parsed, problems);
  const config = withDependentDefaults(readBlock(rootRows, tree.directives, "", newReadContext(problems)), tree);
  if (!empty) {
    checkConfig(config, tree, { ...options.system, file, problems, requireListen: options.requireListen ?? true });
  }
  return { config, problems: problems.sorted(reader.sources.keys()), sources: reader.sources };
}

/** Throws a {@link ConfigSyntaxError} when there are errors; otherwise returns the configuration. */
export function requireConfig(result: LoadResult): Config {
  if (result.problems.some((problem) => problem.severity === "error")) throw new ConfigSyntaxError(result.problems);
  return result.config;
}

/** The text of the line a problem stands on, for {@link formatProblem}. */
export function sourceLineOf(result: LoadResult, problem: ConfigProblem): string | undefined {
  if (problem.line === 0) return undefined;
  return result.sources.get(problem.file)?.replace(/^\ufeff/, "").split(/\r\n|\r|\n/)[problem.line - 1];
}

/** Defaults that depend on another value: HTTPS on the server's port where API and server share one for HTTP. */
function withDependentDefaults(config: Config, tree: ConfBlock): Config {
  const { httpApi, httpServer } = config;
  const shared = httpApi.listen.text === httpServer.listen.text;
  if (!shared || findDirective(tree, ["http_api", "https", "listen"])) return config;
  return { ...config, httpApi: { ...httpApi, https: { ...httpApi.https, listen: httpServer.https.listen } } };
}
