import { checkConfig, type SystemFacts } from "./check/check.ts";
import type { Config } from "./config.ts";
import { ConfigFiles, type ConfigFilesOptions, type ReadFile } from "./files/config_files.ts";
import { applyEnv, type Environment, envOnlyTree } from "./env.ts";
import type { ListDirectory } from "./files/glob.ts";
import { type ConfigLanguage, languageOf, readTree } from "./files/include.ts";
import { rewriteLegacy } from "./srs/legacy.ts";
import { type ConfigProblem, ConfigSyntaxError, ProblemList, wholeFile } from "./problem.ts";
import { hideSecretsOfLine } from "./secrets.ts";
import { newReadContext, readBlock } from "./srs/read_block.ts";
import { isDirectiveName } from "./schema/row_index.ts";
import { rootRows } from "./schema/root.ts";
import { type ConfBlock, findDirective } from "./srs/parser.ts";

/** Options of {@link loadConfig}. */
export interface LoadOptions {
  /** The file, as messages name it. */
  readonly path: string;
  /** Its content, when that is already known. */
  readonly text?: string;
  /** Its language; by default its name tells. */
  readonly language?: ConfigLanguage;
  /** Reads the file and those it includes; throws when it cannot. */
  readonly readFile?: ReadFile;
  /** Names in a directory, for patterns in `include`. */
  readonly listDirectory?: ListDirectory;
  /** Environment variables, of which those with SRS's names go over the values of the file. */
  readonly env?: Environment;
  /** Whether there is no file and the environment says everything; `path` and `text` then mean nothing. */
  readonly envOnly?: boolean;
  readonly system?: SystemFacts;
  /** False when a missing `listen` is no error; default true with a file. */
  readonly requireListen?: boolean;
}

/** What came of a load. With errors among the problems, `config` is what could be read and must not be run. */
export interface LoadResult {
  readonly config: Config;
  /** The directives behind it, those of the environment included: what is written, apart from defaults. */
  readonly tree: ConfBlock;
  /** From top to bottom of each file. */
  readonly problems: readonly ConfigProblem[];
  /** Text of every file read. */
  readonly sources: ReadonlyMap<string, string>;
}

/** Reads a configuration: text to typed values, and everything there is to say about it. */
export function loadConfig(options: LoadOptions): LoadResult {
  const problems = new ProblemList();
  const files = new ConfigFiles(fileOptions(options, problems));
  const { envOnly = false, requireListen = !envOnly } = options;
  const file = envOnly ? "environment" : options.path;
  const parsed = envOnly ? envOnlyTree() : readFiles(options, files, problems);
  const isEmpty = parsed.directives.length === 0;
  if (isEmpty && !problems.hasErrors) problems.error(wholeFile(file), "the configuration is empty");
  const tree = applyEnv(rewriteLegacy(parsed, problems), options.env ?? {}, problems);
  const config = withDependentDefaults(readBlock(rootRows, tree.directives, "", newReadContext(problems)), tree);
  if (!isEmpty) checkConfig(config, tree, { ...options.system, file, problems, requireListen });
  return { config, tree, problems: problems.sorted(files.sources.keys()), sources: files.sources };
}

function readFiles(
  { path, text, language = languageOf(path) }: LoadOptions,
  files: ConfigFiles,
  problems: ProblemList,
) {
  const context = { files, problems, isName: isDirectiveName };
  const tree = files.main(path, text, (main) => readTree(main, context, language)) ?? emptyBlock;
  for (const [file, source] of files.sources) checkEncoding(file, source, problems);
  return tree;
}

/** Warns about the first place of a file that could not be read as UTF-8. */
function checkEncoding(file: string, text: string, problems: ProblemList): void {
  const at = text.indexOf("\ufffd");
  if (at < 0) return;
  const before = splitLines(file, text.slice(0, at));
  const place = { file, line: before.length, column: (before.at(-1) ?? "").length + 1, length: 1 };
  problems.warn(place, "this is not valid UTF-8", "save the file as UTF-8");
}

const emptyBlock: ConfBlock = { directives: [], tailComments: [] };

/** How the files of a load are read. */
export function fileOptions(options: LoadOptions, problems: ProblemList): ConfigFilesOptions {
  const { readFile = refuseToRead, listDirectory } = options;
  return { readFile, problems, ...(listDirectory ? { listDirectory } : {}) };
}

function refuseToRead(): never {
  throw new Error("files cannot be read here");
}

/** Throws a {@link ConfigSyntaxError} when there are errors; otherwise returns the configuration. */
export function requireConfig(result: LoadResult): Config {
  if (result.problems.some((problem) => problem.severity === "error")) throw new ConfigSyntaxError(result.problems);
  return result.config;
}

/** In SRS's language a carriage return alone ends a line too. */
function splitLines(file: string, text: string): string[] {
  return text.split(languageOf(file) === "toml" ? /\r?\n/ : /\r\n|\r|\n/);
}

/** The text of the line a problem stands on, without the secrets in it, for {@link formatProblem}. */
export function sourceLineOf({ sources }: Pick<LoadResult, "sources">, problem: ConfigProblem): string | undefined {
  const line = problem.line === 0 ? undefined : linesOf(sources, problem.file)?.[problem.line - 1];
  return line === undefined ? undefined : hideSecretsOfLine(line);
}

/** The lines of files by their text, as there may be hundreds of problems in a large one. */
const linesOfSources = new WeakMap<ReadonlyMap<string, string>, Map<string, readonly string[]>>();

function linesOf(sources: ReadonlyMap<string, string>, file: string): readonly string[] | undefined {
  const text = sources.get(file);
  if (text === undefined) return undefined;
  let known = linesOfSources.get(sources);
  if (!known) linesOfSources.set(sources, known = new Map());
  let lines = known.get(file);
  if (!lines) known.set(file, lines = splitLines(file, text.replace(/^\ufeff/, "")));
  return lines;
}

/** Defaults that depend on another value. */
function withDependentDefaults(config: Config, tree: ConfBlock): Config {
  return { ...config, ...apiHttps(config, tree), ...dockerLog(config, tree) };
}

/** HTTPS on the server's port where API and server share one for HTTP. */
function apiHttps({ httpApi, httpServer }: Config, tree: ConfBlock): Partial<Config> {
  const shared = httpApi.listen.text === httpServer.listen.text;
  if (!shared || findDirective(tree, ["http_api", "https", "listen"])) return {};
  return { httpApi: { ...httpApi, https: { ...httpApi.https, listen: httpServer.https.listen } } };
}

/** The log goes to the console of a container. */
function dockerLog({ inDocker }: Config, tree: ConfBlock): Partial<Config> {
  return inDocker && !findDirective(tree, ["srs_log_tank"]) ? { srsLogTank: "console" } : {};
}
