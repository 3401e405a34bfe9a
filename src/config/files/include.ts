import type { ConfigFiles, ConfigText } from "./config_files.ts";
import { type DocBlock, type DocComment, type DocItem, documentOf, treeOf } from "../document.ts";
import type { ProblemList } from "../problem.ts";
import { type ConfBlock, maxDepth, parseSrsConf } from "../srs/parser.ts";
import { readToml } from "../toml/reader.ts";

/** The languages of configuration files. */
export type ConfigLanguage = "conf" | "toml";

/** The language of a file, by its name. */
export function languageOf(path: string): ConfigLanguage {
  return path.endsWith(".toml") ? "toml" : "conf";
}

/** What the readers of this file share. */
export interface IncludeContext {
  readonly files: ConfigFiles;
  readonly problems: ProblemList;
  /** Whether a word names a directive: helps the parser to go on after a missing `;`. */
  readonly isName?: (text: string) => boolean;
}

/** Reads a file into a tree in which the directives of included files stand in the place of each `include`. */
export function readTree(file: ConfigText, context: IncludeContext, language = languageOf(file.path)): ConfBlock {
  const { files, problems, isName } = context;
  const { path, text, depth } = file;
  if (language === "toml") return spliceTree(treeOf(readToml(text, { file: path, problems })), depth, context);
  return parseSrsConf(text, {
    file: path,
    problems,
    depth,
    include: (word, level) =>
      files.included(path, word, level, (inner) => readTree(inner, context)).flatMap(directivesOf),
    ...(isName ? { isName } : {}),
  });
}

function directivesOf({ directives }: ConfBlock): ConfBlock["directives"] {
  return directives;
}

function spliceTree(block: ConfBlock, depth: number, context: IncludeContext): ConfBlock {
  // Deeper blocks were reported by the reader already.
  if (depth > maxDepth) return { directives: [], tailComments: [] };
  const directives = block.directives.flatMap((directive) => {
    if (directive.block) return [{ ...directive, block: spliceTree(directive.block, depth + 1, context) }];
    if (directive.name.text !== "include") return [directive];
    const read = (inner: ConfigText) => readTree(inner, context);
    return directive.args.flatMap((word) => context.files.included(directive.file, word, depth + 1, read))
      .flatMap(directivesOf);
  });
  return { ...block, directives };
}

/** Reads a file into a document in which each `include` is a directive like any other. */
export function readDocument(
  { path, text }: ConfigText,
  context: IncludeContext,
  language = languageOf(path),
): DocBlock {
  const { problems, isName } = context;
  if (language === "toml") return readToml(text, { file: path, problems });
  return documentOf(parseSrsConf(text, { file: path, problems, ...(isName ? { isName } : {}) }));
}

/** Puts the documents of included files in the place of each `include`; comments stay where they were. */
export function inlineIncludes({ items, tail }: DocBlock, depth: number, context: IncludeContext): DocBlock {
  return joinDocuments([...items.map((item) => inlineItem(item, depth, context)), { items: [], tail }]);
}

/** What stands in the place of one item, and comments that are left. */
function inlineItem(item: DocItem, depth: number, context: IncludeContext): DocBlock {
  if (item.block) return { items: [{ ...item, block: inlineIncludes(item.block, depth + 1, context) }], tail: [] };
  if (item.name.text !== "include") return { items: [item], tail: [] };
  const read = (file: ConfigText) => inlineIncludes(readDocument(file, context), depth + 1, context);
  const found = item.args.flatMap((word) => context.files.included(item.file, word, depth + 1, read));
  const remark = item.remark === null ? [] : [{ text: item.remark, line: item.name.line, blankBefore: false }];
  return joinDocuments([{ items: [], tail: [...item.comments, ...remark] }, ...found]);
}

/** One document behind the other; comments behind the last item of one go to the first item of the next. */
function joinDocuments(documents: readonly DocBlock[]): DocBlock {
  const items: DocItem[] = [];
  let carried: readonly DocComment[] = [];
  for (const document of documents) {
    for (const item of document.items) {
      items.push(carried.length === 0 ? item : { ...item, comments: [...carried, ...item.comments] });
      carried = [];
    }
    carried = carried.length === 0 ? document.tail : [...carried, ...document.tail];
  }
  return { items, tail: carried };
}
