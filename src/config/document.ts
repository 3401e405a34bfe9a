import type { ConfComment, ConfWord } from "./srs/lexer.ts";
import type { ConfBlock, ConfDirective } from "./srs/parser.ts";

/*
 * A configuration as its author wrote it, apart from the language: what the converter reads and prints. Directives as
 * in the tree, comments at their place, and one empty line where there were some.
 */

/** A comment on a line of its own, without the sign before it. */
export interface DocComment {
  readonly text: string;
  readonly line: number;
  /** Whether an empty line is above it. */
  readonly blankBefore: boolean;
}

/** One directive or block. */
export interface DocItem {
  readonly name: ConfWord;
  readonly args: readonly ConfWord[];
  /** null for a leaf. */
  readonly block: DocBlock | null;
  /** The file it stands in. */
  readonly file: string;
  /** On the lines above it. */
  readonly comments: readonly DocComment[];
  /** Whether an empty line is right above it, below its comments. */
  readonly blankBefore: boolean;
  /** Behind it on its line; for a block, on the line where it begins. */
  readonly remark: string | null;
  /** On the line where the block ends. */
  readonly endRemark: string | null;
}

/** What stands between two braces, in a table, or in a whole file. */
export interface DocBlock {
  readonly items: readonly DocItem[];
  /** Comments behind the last item. */
  readonly tail: readonly DocComment[];
}

/** The document of a tree of one file, in which `include` is still a directive. */
export function documentOf(tree: ConfBlock): DocBlock {
  return readBlock(tree, 0).block;
}

interface Reading {
  readonly block: DocBlock;
  /** The comment on the line where the block begins. */
  readonly remark: string | null;
}

/** @param openLine Line of the `{`, 0 for a file. */
function readBlock(tree: ConfBlock, openLine: number): Reading {
  const items: DocItem[] = [];
  let opening: string | null = null;
  let lastLine = openLine;
  /** Takes out the comment that stands on the line where the item before, or the opening brace, ends. */
  const takeRemark = (comments: readonly ConfComment[]): readonly ConfComment[] => {
    const [first, ...rest] = comments;
    if (first?.line !== lastLine) return comments;
    const before = items.at(-1);
    if (!before) opening = first.text;
    else items[items.length - 1] = { ...before, [before.block ? "endRemark" : "remark"]: first.text };
    return rest;
  };
  const takeLines = (comments: readonly ConfComment[]): DocComment[] =>
    takeRemark(comments).map(({ text, line }) => {
      const blankBefore = line > lastLine + 1;
      lastLine = line;
      return { text, line, blankBefore };
    });
  for (const directive of tree.directives) {
    const comments = takeLines(directive.comments);
    items.push(readItem(directive, comments, directive.name.line > lastLine + 1));
    lastLine = directive.endLine;
  }
  return { block: { items, tail: takeLines(tree.tailComments) }, remark: opening };
}

function readItem(directive: ConfDirective, comments: DocComment[], blankBefore: boolean): DocItem {
  const { name, args, file, block } = directive;
  const inside = block && readBlock(block, (args.at(-1) ?? name).line);
  return {
    name,
    args,
    file,
    comments,
    blankBefore,
    block: inside?.block ?? null,
    remark: inside?.remark ?? null,
    endRemark: null,
  };
}

/** The tree of a document, for those who read values: without comments. */
export function treeOf({ items }: DocBlock): ConfBlock {
  const directives = items.map(({ name, args, block, file }): ConfDirective => {
    return { name, args, file, endLine: name.line, comments: [], block: block && treeOf(block) };
  });
  return { directives, tailComments: [] };
}
