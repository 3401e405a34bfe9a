import type { DocComment } from "../document.ts";
import type { TomlComment } from "./syntax.ts";

/** Columns by which the printer indents what is in a table. */
export const tomlIndent = 2;

/** What a table gets of the comments behind it. */
export interface OpenTable {
  /** Comments behind its last entry. */
  tail: DocComment[];
  /** The comment that stands behind the `}` in SRS's language. */
  endRemark: string | null;
}

/** Between which statements comments stand. */
export interface CommentGap {
  /** The tables from the root to the one that is open. */
  readonly open: readonly OpenTable[];
  /** The statement before; line 0 at the beginning of the file. */
  readonly last: { readonly line: number; readonly column: number; readonly isHeader: boolean };
  /** The header behind; null at the end of the file. */
  readonly next: { readonly line: number; readonly column: number; readonly depth: number } | null;
}

/**
 * Decides to which table the comments between a statement and a header belong.
 *
 * TOML has no sign for the end of a table, so indentation tells, as the printer writes it: a comment as deep as the
 * entries of an open table is in that table; one as deep as its header, right below its last line, belongs to its end;
 * all others belong to the next header. In files that are not indented, comments right below an entry belong to its
 * table unless they touch the next header.
 *
 * @returns The comments of the next header.
 */
export function placeComments(comments: readonly TomlComment[], { open, last, next }: CommentGap): DocComment[] {
  const lines = withBlanks(comments, last.line);
  const parentLevel = next ? next.depth - 1 : -1;
  let level = open.length - 1;
  let at = 0;
  if (isFlat(level, last)) {
    at = countAdjacent(lines, last, next);
    open[level]?.tail.push(...lines.slice(0, at).map(toDocComment));
    if (next) level = parentLevel;
    else level = 0;
  }
  while (level > parentLevel) {
    const line = lines[at];
    if (!line) break;
    const depth = Math.floor((line.column - 1) / tomlIndent);
    if (depth >= level) {
      open[level]?.tail.push(toDocComment(line));
      at++;
      continue;
    }
    const table = open[level--];
    if (!table || depth !== level || line.blankBefore || touchesNext(lines, at, next)) continue;
    table.endRemark = line.text;
    at++;
  }
  return lines.slice(at).map(toDocComment);
}

interface Line extends TomlComment {
  readonly blankBefore: boolean;
}

function withBlanks(comments: readonly TomlComment[], lastLine: number): Line[] {
  let line = lastLine;
  return comments.map((comment) => {
    const blankBefore = comment.line > line + 1;
    line = comment.line;
    return { ...comment, blankBefore };
  });
}

/** Comments one below the other, the first of them below `lastLine`. */
export function docComments(comments: readonly TomlComment[], lastLine: number): DocComment[] {
  return withBlanks(comments, lastLine).map(toDocComment);
}

function toDocComment({ text, line, blankBefore }: Line): DocComment {
  return { text, line, blankBefore };
}

/** Whether the last statement was less indented than the printer does it. */
function isFlat(level: number, last: CommentGap["last"]): boolean {
  return last.line > 0 && last.column - 1 < tomlIndent * (last.isHeader ? level - 1 : level);
}

/** How many comments stand right below the last statement, as deep as it, and not right above the next. */
function countAdjacent(lines: readonly Line[], last: CommentGap["last"], next: CommentGap["next"]): number {
  const apart = lines.findIndex((line) => line.blankBefore || line.column !== last.column);
  if (apart >= 0) return apart;
  return touchesNext(lines, 0, next) ? 0 : lines.length;
}

/** Whether the comments from `at` on stand right above the next header, as deep as it. */
function touchesNext(lines: readonly Line[], at: number, next: CommentGap["next"]): boolean {
  const below = lines.slice(at);
  const end = below.at(-1);
  return next !== null && end?.line === next.line - 1 &&
    below.every((line, index) => line.column === next.column && (index === 0 || !line.blankBefore));
}
