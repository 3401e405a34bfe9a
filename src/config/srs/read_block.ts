import { planOf, type Values } from "./block_plan.ts";
import { type ProblemList, quoteWord } from "../problem.ts";
import { rowsByName } from "../schema/row_index.ts";
import type { Block, BlockList, Directive, Foreign, Infer, Repeated, Row, Schema } from "../schema/row.ts";
import type { ConfWord } from "./lexer.ts";
import { type ConfDirective, placeOf, wordPlace } from "./parser.ts";
import { suggestDirective } from "./suggest_directive.ts";
import type { ValueReport, ValueType, Words } from "../values/type.ts";

/** State of one reading, shared by all blocks. */
export interface ReadContext {
  readonly problems: ProblemList;
  /** Paths of directives whose status was already reported. */
  readonly reported: Set<string>;
}

/** A context for a new reading. */
export function newReadContext(problems: ProblemList): ReadContext {
  return { problems, reported: new Set() };
}

/**
 * Reads the directives of one block by its schema into typed values.
 *
 * Reports unknown names, duplicates (the first one counts, as in SRS), wrong values, and directives without effect.
 *
 * @param path Name of the block for messages, `vhost.play`; empty for the top level.
 * @param outer Values of the block around this one, for rows that inherit.
 */
export function readBlock<S extends Schema>(
  rows: S,
  directives: readonly ConfDirective[],
  path: string,
  context: ReadContext,
  outer: Values = {},
): Infer<S> {
  const { defaults, inheriting, switched, dependent } = planOf(rows);
  const values: Record<string, unknown> = { ...defaults };
  for (const [property, from] of inheriting) values[property] = outer[from] ?? values[property];
  for (const { property, by, value } of switched) if (outer[by] === true) values[property] = value;
  const given = sortByRow(rows, directives, path, context);
  for (const entry of dependent) if (!given.some(({ row }) => row === entry.row)) given.push({ ...entry, found: [] });
  for (const { property, row, found } of given) {
    if (row.node === "directive") values[property] = readDirective(row, found, context, values[property]);
    else if (row.node === "repeated") values[property] = readRepeated(row, found, context);
  }
  // Blocks come last: rows in them may inherit a value from beside the block.
  for (const { property, row, found } of given) {
    if (row.node === "block") {
      values[property] = readOneBlock(row, found, joinPath(path, row.name), context, values);
    } else if (row.node === "blocks") {
      values[property] = readBlocks(row, found, joinPath(path, row.name), context, values);
    }
  }
  // Every property of the schema has its row's default or what the row made of the text, which is what Infer says.
  return values as Infer<S>;
}

/** Checks the names in a block and below, without reading values: for blocks that are ignored. */
export function checkNames(
  rows: Schema,
  directives: readonly ConfDirective[],
  path: string,
  context: ReadContext,
): void {
  for (const { row, found } of sortByRow(rows, directives, path, context)) {
    if (row.node !== "block" && row.node !== "blocks") continue;
    for (const { block } of found) checkNames(row.rows, block?.directives ?? [], joinPath(path, row.name), context);
  }
}

function joinPath(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}

/** A row and its directives, in the order of the text. */
interface Given {
  readonly property: string;
  readonly row: Row;
  readonly found: ConfDirective[];
}

/** Gathers the directives of each row; reports the unknown ones and the status of the known ones. */
function sortByRow(
  rows: Schema,
  directives: readonly ConfDirective[],
  path: string,
  context: ReadContext,
): Given[] {
  const names = rowsByName(rows);
  const given: Given[] = [];
  for (const directive of directives) {
    const known = names.get(directive.name.text);
    if (!known) {
      reportUnknown(directive, path, names.keys(), context);
      continue;
    }
    const { row, property } = known;
    if (row.status.level !== "supported") reportStatus(row, directive, joinPath(path, row.name), context);
    if (row.node === "foreign") checkForeign(row, directive, joinPath(path, row.name), context);
    const same = findGiven(given, row);
    if (same) same.found.push(directive);
    else given.push({ property, row, found: [directive] });
  }
  return given;
}

/** A block has few rows: a search takes less time than a table for every block would. */
function findGiven(given: readonly Given[], row: Row): Given | undefined {
  for (const candidate of given) if (candidate.row === row) return candidate;
  return undefined;
}

function reportUnknown(directive: ConfDirective, path: string, names: Iterable<string>, context: ReadContext): void {
  if (context.problems.errorsFull) return context.problems.error(placeOf(directive), "");
  const name = directive.name.text;
  const where = path === "" ? "at the top level" : `in ${path}`;
  const suggestion = suggestDirective(name, path, names);
  context.problems.error(placeOf(directive), `unknown directive ${quoteWord(name)} ${where}`, suggestion);
}

function reportStatus(row: Row, directive: ConfDirective, path: string, context: ReadContext): void {
  const { level, reason } = row.status;
  if (context.reported.has(path)) return;
  context.reported.add(path);
  const what = level === "accepted" ? "has no effect here" : "is not supported";
  context.problems.warn(placeOf(directive), `"${path}" ${what}: ${reason}`);
}

function checkForeign(row: Foreign, directive: ConfDirective, path: string, context: ReadContext): void {
  if (row.children === "anything") return;
  for (const child of directive.block?.directives ?? []) {
    const known = row.children.find((candidate) => candidate.name === child.name.text);
    if (known) checkForeign(known, child, joinPath(path, known.name), context);
    else reportUnknown(child, path, row.children.map((candidate) => candidate.name), context);
  }
}

function readDirective(
  row: Directive<unknown>,
  found: readonly ConfDirective[],
  context: ReadContext,
  fallback: unknown,
): unknown {
  const [first] = found;
  if (!first) return fallback;
  for (let at = 1; at < found.length; at++) reportDuplicate(found[at] ?? first, first, context);
  reportUnwantedBlock(first, context);
  return readValue(row.type, first, fallback, context) ?? fallback;
}

function readRepeated<T>(row: Repeated<T>, found: readonly ConfDirective[], context: ReadContext): readonly T[] {
  const values: T[] = [];
  for (const directive of found) {
    reportUnwantedBlock(directive, context);
    const value = readValue<T | undefined>(row.type, directive, undefined, context);
    if (value !== undefined) values.push(value);
  }
  return values;
}

/** The value of one directive; undefined when it has no word. */
function readValue<T>(
  type: ValueType<T>,
  directive: ConfDirective,
  fallback: T,
  context: ReadContext,
): T | undefined {
  const [word, extra] = directive.args;
  const { problems } = context;
  if (!word) {
    problems.warn(placeOf(directive), `${quoteWord(directive.name.text)} has no value and is ignored`);
    return undefined;
  }
  if (extra && !type.takesMany) {
    const rest = type.isSecret === true ? "what follows the first" : quoteWord(extra.text);
    const message = `${quoteWord(directive.name.text)} takes one value; ${rest} is ignored`;
    problems.warn(placeOf(directive, extra), message);
  }
  // There is a first word, which is what Words says.
  return type.read(directive.args as Words, fallback, new DirectiveReport(directive, problems));
}

/** Reports about the words of one directive. */
class DirectiveReport implements ValueReport {
  readonly #directive: ConfDirective;
  readonly #problems: ProblemList;

  constructor(directive: ConfDirective, problems: ProblemList) {
    this.#directive = directive;
    this.#problems = problems;
  }

  error(word: ConfWord, message: string, suggestion?: string): void {
    this.#problems.error(wordPlace(this.#directive.file, word), this.#about(message), suggestion);
  }

  warn(word: ConfWord, message: string, suggestion?: string): void {
    this.#problems.warn(wordPlace(this.#directive.file, word), this.#about(message), suggestion);
  }

  #about(message: string): string {
    return `${quoteWord(this.#directive.name.text)}: ${message}`;
  }
}

function reportUnwantedBlock(directive: ConfDirective, context: ReadContext): void {
  if (!directive.block) return;
  const name = quoteWord(directive.name.text);
  context.problems.warn(placeOf(directive), `${name} takes a value, not a block; the block is ignored`);
}

function reportDuplicate(directive: ConfDirective, first: ConfDirective, context: ReadContext, what = ""): void {
  const where = first.file === directive.file ? `on line ${first.name.line}` : `at ${first.file}:${first.name.line}`;
  const message = `this ${quoteWord(what || directive.name.text)} is ignored: the first one, ${where}, counts`;
  context.problems.warn(placeOf(directive), message);
}

function readOneBlock<S extends Schema>(
  row: Block<S>,
  found: readonly ConfDirective[],
  path: string,
  context: ReadContext,
  outer: Values,
): Infer<S> {
  const [first, ...others] = found;
  for (const other of others) {
    if (first && row.single) {
      const message = `a second ${quoteWord(row.name)} is not allowed: the first is on line ${first.name.line}`;
      context.problems.error(placeOf(other), message);
    } else if (first) {
      reportDuplicate(other, first, context);
    }
    if (other.block) checkNames(row.rows, other.block.directives, path, context);
  }
  if (first && !first.block) {
    const message = `${quoteWord(row.name)} must be a block and is ignored`;
    context.problems.warn(placeOf(first), message, `write "${row.name} { ... }"`);
  }
  const inside = first?.block?.directives ?? [];
  return readBlock(row.rows, row.unchecked ? dropUnknown(row, inside, context) : inside, path, context, outer);
}

/** Warns about names that have no row, where SRS does not look, and leaves them out. */
function dropUnknown(row: Block<Schema>, directives: readonly ConfDirective[], context: ReadContext) {
  const names = rowsByName(row.rows);
  return directives.filter((directive) => {
    if (names.has(directive.name.text)) return true;
    context.problems.warn(
      placeOf(directive),
      `${quoteWord(directive.name.text)} is unknown in ${row.name} and ignored`,
    );
    return false;
  });
}

function readBlocks<S extends Schema>(
  row: BlockList<S>,
  found: readonly ConfDirective[],
  path: string,
  context: ReadContext,
  outer: Values,
): unknown[] {
  const firsts = new Map<string, ConfDirective>();
  const values: unknown[] = [];
  for (const directive of found) {
    const args = directive.args.map((word) => word.text);
    const [name = ""] = args;
    const inside = directive.block?.directives ?? [];
    const first = firsts.get(name);
    if (first) {
      reportDuplicate(directive, first, context, `${row.name} ${name}`);
      checkNames(row.rows, inside, path, context);
      continue;
    }
    firsts.set(name, directive);
    if (name === "") {
      const message = `${quoteWord(row.name)} has no name and matches nothing`;
      context.problems.warn(placeOf(directive), message, `for all host names, use "__defaultVhost__"`);
    }
    values.push(Object.assign(readBlock(row.rows, inside, path, context, outer), { name, args }));
  }
  return values;
}
