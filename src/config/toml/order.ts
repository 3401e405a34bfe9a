import type { DocBlock, DocItem } from "../document.ts";
import { type ProblemList, quoteWord } from "../problem.ts";
import { rowsByName, tomlKeyOf } from "../schema/row_index.ts";
import type { Row, Schema } from "../schema/row.ts";
import { wordPlace } from "../srs/parser.ts";
import { headKey } from "./reader.ts";

/** Directives that make one key. */
export interface KeyGroup {
  readonly key: string;
  readonly row: Row | undefined;
  /** Whether the row shares its key with others, so that each element of the list begins with the directive's name. */
  readonly isShared: boolean;
  readonly items: DocItem[];
}

/** What is in a block, in the order that TOML asks for: keys, then tables. */
export interface TomlOrder {
  readonly keys: readonly KeyGroup[];
  /** Blocks, and each `include` that stands behind one. */
  readonly tables: readonly DocItem[];
}

/**
 * Parts a block into keys and tables; directives of one name come together. Neither changes what SRS reads, as it looks
 * directives up by name. Reports what would change it, and names that TOML would have twice.
 *
 * @param isRoot Whether the block is the whole file.
 */
export function orderForToml(
  { items }: DocBlock,
  rows: Schema | null,
  isRoot: boolean,
  problems: ProblemList,
): TomlOrder {
  const groups = new Map<string, KeyGroup>();
  const tables: DocItem[] = [];
  for (const item of items) {
    if (item.block || (item.name.text === "include" && tables.length > 0)) {
      if (item.block && isValue(item, rows)) {
        const message = `${quoteWord(item.name.text)} is a value; TOML cannot express the block after it`;
        problems.error(wordPlace(item.file, item.name), message);
      }
      tables.push(item);
      continue;
    }
    const group = groupOf(item, rows);
    const known = groups.get(group.key);
    if (known) known.items.push(item);
    else groups.set(group.key, group);
  }
  const order = { keys: [...groups.values()], tables };
  checkNames(order, isRoot, problems);
  checkIncludes(items, order, problems);
  return order;
}

function isValue({ name }: DocItem, rows: Schema | null): boolean {
  const row = rows ? rowsByName(rows).get(name.text)?.row : undefined;
  return row?.node === "directive" || row?.node === "repeated";
}

function groupOf(item: DocItem, rows: Schema | null): KeyGroup {
  const row = rows ? rowsByName(rows).get(item.name.text)?.row : undefined;
  const key = row ? tomlKeyOf(row) : item.name.text;
  return { key, row, isShared: key !== item.name.text, items: [item] };
}

/** Reports names that stand for a key and a table at once, or for the head of the block. */
function checkNames({ keys, tables }: TomlOrder, isRoot: boolean, problems: ProblemList): void {
  const names = new Set(keys.map(({ key }) => key));
  const both = tables.filter(({ name }) => names.has(name.text));
  for (const { file, name } of both) {
    const message = `in TOML, ${quoteWord(name.text)} cannot be both a value and a table`;
    const suggestion = name.text === "include" ? "put every include before the first block, or use --inline" : null;
    problems.error(wordPlace(file, name), message, suggestion);
  }
  if (isRoot) return;
  for (const { file, name } of [...keys.flatMap(({ items }) => items), ...tables]) {
    if (name.text !== headKey) continue;
    problems.error(wordPlace(file, name), `TOML needs the name ${quoteWord(headKey)} for the words before "{"`);
  }
}

/** Reports each `include` that would come before or behind other directives than it does now: the first one counts. */
function checkIncludes(items: readonly DocItem[], order: TomlOrder, problems: ProblemList): void {
  if (!items.some(({ name }) => name.text === "include")) return;
  const before = new Map(items.map((item, index) => [item, index]));
  let last = -1;
  for (const [index, item] of [...order.keys.flatMap((group) => group.items), ...order.tables].entries()) {
    const at = before.get(item) ?? index;
    // It is where it was when as many stand before it, and none of them stood behind it.
    if (item.name.text === "include" && !item.block && (at !== index || last > at)) {
      const message = "TOML puts keys before tables, which would move this include past other directives";
      problems.error(
        wordPlace(item.file, item.name),
        message,
        "use --inline, or put it between the last directive and the first block",
      );
    }
    last = Math.max(last, at);
  }
}
