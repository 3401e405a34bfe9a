import type { DocItem } from "./document.ts";
import { isGlob } from "./files/glob.ts";
import { rowsByName } from "./schema/row_index.ts";
import type { Schema } from "./schema/row.ts";

/** Begins the comment behind every directive that SRS would refuse. */
const mark = " srs-ts only";

/** What SRS would not understand about a directive, or null: its name, or how it uses `include`. */
export function extensionOf(item: DocItem, rows: Schema | null): string | null {
  const { text } = item.name;
  if (rows && rowsByName(rows).get(text)?.row.extension) return `SRS has no directive "${text}"`;
  if (text !== "include" || item.block) return null;
  if (item.args.some((word) => isGlob(word.text))) return "SRS does not support patterns in include";
  return item.args.some((word) => word.text.endsWith(".toml")) ? "SRS cannot read TOML" : null;
}

/** The comment behind an extension, with the mark before what the author wrote there. */
export function markRemark(remark: string | null): string {
  const own = unmarkRemark(remark);
  return own === null ? mark : `${mark};${own}`;
}

/** What the author wrote behind an extension, without the mark. */
export function unmarkRemark(remark: string | null): string | null {
  if (remark === null || remark === mark) return null;
  return remark.startsWith(`${mark};`) ? remark.slice(mark.length + 1) : remark;
}
