import { ConfigFiles } from "./files/config_files.ts";
import { type ConfigLanguage, inlineIncludes, languageOf, readDocument } from "./files/include.ts";
import { fileOptions, loadConfig, type LoadOptions, type LoadResult } from "./load.ts";
import { type ConfigProblem, ProblemList } from "./problem.ts";
import { isDirectiveName } from "./schema/row_index.ts";
import { hideSecrets } from "./secrets.ts";
import { printSrs } from "./srs/printer.ts";
import { printToml } from "./toml/printer.ts";

/** Options of {@link convertConfig}. */
export interface ConvertOptions extends LoadOptions {
  readonly to: ConfigLanguage;
  /** What becomes of directives that SRS refuses, in its language; `mark` by default. */
  readonly extensions?: "mark" | "refuse" | "comment";
  /** Whether included files are put in the place of each `include`. */
  readonly inline?: boolean;
  /** Whether secrets are left out, as the text is only to be shown. */
  readonly hidesSecrets?: boolean;
}

/** What came of a conversion. */
export interface ConvertResult extends Pick<LoadResult, "sources"> {
  /** null when there are errors among the problems. */
  readonly text: string | null;
  readonly problems: readonly ConfigProblem[];
  /** Names of the directives whose secrets were left out. */
  readonly hidden: readonly string[];
}

/**
 * Converts one configuration file to the other language, with its comments, or to a tidy form of its own.
 *
 * The file is loaded first: one with errors is not converted. Values stay as they are written, old spellings too.
 * `include` stays as it is, also where it names a file of the other language, unless `inline` is set.
 */
export function convertConfig(options: ConvertOptions): ConvertResult {
  const { path, to, extensions = "mark", inline = false, language = languageOf(path) } = options;
  const loaded = loadConfig({ requireListen: false, ...options });
  if (hasErrors(loaded.problems)) return { ...loaded, text: null, hidden: [] };
  const problems = new ProblemList();
  const files = new ConfigFiles(fileOptions(options, problems));
  const context = { files, problems, isName: isDirectiveName };
  const document = files.main(path, loaded.sources.get(path), (file) => {
    const found = readDocument(file, context, language);
    return inline ? inlineIncludes(found, 0, context) : found;
  }) ?? { items: [], tail: [] };
  const shown = options.hidesSecrets === true ? hideSecrets(document) : { document, hidden: [] };
  const text = to === "toml"
    ? printToml(shown.document, { file: path, problems })
    : printSrs(shown.document, { problems, extensions });
  const found = problems.sorted(loaded.sources.keys());
  if (hasErrors(found)) return { ...loaded, text: null, problems: [...loaded.problems, ...found], hidden: [] };
  return { ...loaded, text, hidden: shown.hidden };
}

function hasErrors(problems: readonly ConfigProblem[]): boolean {
  return problems.some(({ severity }) => severity === "error");
}
