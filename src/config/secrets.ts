import type { DocBlock, DocItem } from "./document.ts";
import type { Row, Schema } from "./schema/row.ts";
import { rootRows } from "./schema/root.ts";
import { listRows, rowsByName, rowsInside, tomlKeyOf } from "./schema/row_index.ts";

/** What stands in place of a secret. */
const HIDDEN = "hidden";

function isSecret(row: Row | undefined): boolean {
  return row?.node === "directive" && row.type.isSecret === true;
}

/** A document without its secrets, to be shown. @returns With it, the names of the directives that had one. */
export function hideSecrets(document: DocBlock): { document: DocBlock; hidden: readonly string[] } {
  const hidden = new Set<string>();
  const block = (inside: DocBlock, rows: Schema | null): DocBlock => ({
    ...inside,
    items: inside.items.map((item) => hideIn(item, rows)),
  });
  const hideIn = (item: DocItem, rows: Schema | null): DocItem => {
    const row = rows === null ? undefined : rowsByName(rows).get(item.name.text)?.row;
    if (item.block !== null) return { ...item, block: block(item.block, rowsInside(row)) };
    if (!isSecret(row)) return item;
    hidden.add(item.name.text);
    return { ...item, args: item.args.map((word) => ({ ...word, text: HIDDEN, quoted: false })) };
  };
  return { document: block(document, rootRows), hidden: [...hidden] };
}

let secretLine: RegExp | undefined;

/**
 * A line of a configuration as it may be shown: what follows the name of a secret is replaced, character by character.
 * Where a name means a secret in one block and not in another, the line does not tell which, and is shown.
 */
export function hideSecretsOfLine(line: string): string {
  secretLine ??= new RegExp(`((?:^|[\\s{;.])(?:${secretNames().join("|")})(?:\\s*=\\s*|\\s+))([^;}#]+)`, "g");
  return line.replace(secretLine, (_, name: string, value: string) => name + value.replace(/\S/g, "*"));
}

function secretNames(): string[] {
  const namesOf = (wanted: boolean) =>
    listRows().filter(({ row }) => isSecret(row) === wanted).map(({ row }) => tomlKeyOf(row));
  const others = new Set(namesOf(false));
  return namesOf(true).filter((name) => !others.has(name));
}
