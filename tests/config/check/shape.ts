import { type DocBlock, type DocItem, documentOf } from "../../../src/config/document.ts";
import { ProblemList } from "../../../src/config/problem.ts";
import { parseSrsConf } from "../../../src/config/srs/parser.ts";

/** What a configuration says, comments included, without places and layout. */
export interface Shape {
  words: string[];
  comments: string[];
  remark: string | null;
  endRemark: string | null;
  block: ShapeBlock | null;
}

export interface ShapeBlock {
  items: Shape[];
  tail: string[];
}

/** The shape of a text in SRS's language. */
export function shapeOf(text: string): ShapeBlock {
  return toShape(documentOf(parseSrsConf(text, { file: "x.conf", problems: new ProblemList() })));
}

function toShape({ items, tail }: DocBlock): ShapeBlock {
  return { items: items.map(itemShape), tail: tail.map(({ text }) => text) };
}

function itemShape({ name, args, comments, remark, endRemark, block }: DocItem): Shape {
  return {
    words: [name, ...args].map(({ text }) => text),
    comments: comments.map(({ text }) => text),
    remark: remark === " srs-ts only" ? null : remark?.replace(/^ srs-ts only;/, "") ?? null,
    endRemark,
    block: block && toShape(block),
  };
}

/**
 * The shape with leaves before blocks and leaves of one name together: orders that mean nothing to SRS, which looks up
 * directives by name. Rules of `security` keep theirs.
 */
export function inTomlOrder({ items, tail }: ShapeBlock): ShapeBlock {
  const groups = new Map<string, Shape[]>();
  for (const item of items.filter(({ block }) => !block)) {
    const name = item.words[0] ?? "";
    const key = name === "allow" || name === "deny" ? "rules" : name;
    groups.set(key, [...groups.get(key) ?? [], item]);
  }
  const blocks = items.filter(({ block }) => block).map((item) => ({
    ...item,
    block: item.block && inTomlOrder(item.block),
  }));
  return { items: [...[...groups.values()].flat(), ...blocks], tail };
}
