import { nearestName } from "../../base/nearest_name.ts";
import { blocksWith, directiveNames } from "../schema/row_index.ts";

/**
 * What the author of an unknown directive may have meant: the nearest name in the same block, and the blocks in which
 * the name as written is legal.
 */
export function suggestDirective(name: string, path: string, names: Iterable<string>): string | null {
  const near = nearestName(name, names);
  const hints = near ? [`did you mean "${near}"?`] : [];
  const elsewhere = blocksWith(name)
    .filter((place) => place.block !== path || place.name !== name)
    .sort((a, b) => sharedLevels(b.block, path) - sharedLevels(a.block, path));
  const [first] = elsewhere;
  if (first && first.name !== name) {
    hints.push(`it is called "${first.name}" in ${first.block}`);
  } else if (first) {
    const blocks = elsewhere.slice(0, 3).map((place) => place.block === "" ? "the top level" : place.block);
    const more = elsewhere.length > 3 ? " and others" : "";
    hints.push(`it belongs to ${blocks.join(", ")}${more}`);
  }
  return hints.length > 0 ? hints.join(" ") : suggestElsewhere(name);
}

/** A near name of another block, with the block. */
function suggestElsewhere(name: string): string | null {
  const near = nearestName(name, directiveNames());
  const place = near === null ? undefined : blocksWith(near)[0];
  if (!near || !place) return null;
  return `did you mean "${near}" of ${place.block === "" ? "the top level" : place.block}?`;
}

/** How many levels two paths of blocks have in common, from the top. */
function sharedLevels(a: string, b: string): number {
  const other = b.split(".");
  const differs = a.split(".").findIndex((part, index) => part !== other[index]);
  return differs < 0 ? a.split(".").length : differs;
}
