import type { DocBlock, DocItem } from "./document.ts";
import type { Row, Schema } from "./schema/row.ts";
import { nearestName } from "../base/nearest_name.ts";
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

/** Names of directives, by what their values are. */
interface SecretNames {
  readonly line: RegExp;
  readonly secret: ReadonlySet<string>;
  /** All. */
  readonly known: ReadonlySet<string>;
}

let secretNames: SecretNames | undefined;

/** A name and its values, up to the next. */
const directivePattern = /((?:^|[;{}])\s*)([\w.-]+)(\s*=\s*|\s+)([^;{}#]+)/g;
/** Values that give nothing away, whatever they are for. */
const harmlessPattern = /^["']?(?:on|off|true|false|\d{1,5})["']?$/;
/** The address of a server, without user, password or query. */
const urlPattern = /^["']?https?:\/\/[^@?]*["']?$/;
const pathPattern = /^["']?(?:\.{0,2}\/|[^"']*\.(?:key|pem|crt)["']?$)/;

/**
 * A line of a configuration as it may be shown: what follows the name of a secret is replaced, character by character.
 *
 * So is what follows an unknown name, unless that is a slip for a name that is no secret. `key` is a secret in one block
 * and a file in another, `url` may have a password in one: what looks like a path or a plain web address is shown.
 */
export function hideSecretsOfLine(line: string): string {
  const { line: pattern, known } = secretNames ??= readNames();
  return line.replace(pattern, (_, name: string, value: string) => name + mask(value)).replace(
    directivePattern,
    (all, start: string, name: string, between: string, values: string) => {
      const isShown = (value: string) => harmlessPattern.test(value) || isHarmless(name, value, known);
      return values.trim().split(/[\s,]+/).every(isShown) ? all : start + name + between + mask(values);
    },
  );
}

function isHarmless(written: string, value: string, known: ReadonlySet<string>): boolean {
  const name = written.slice(written.lastIndexOf(".") + 1);
  const meant = known.has(name) ? name : nearestName(name, known);
  if (meant === null) return false;
  return secretNames?.secret.has(meant) !== true || pathPattern.test(value) || urlPattern.test(value);
}

function mask(text: string): string {
  return text.replace(/\S/g, "*");
}

function readNames(): SecretNames {
  const rows = listRows().map(({ row }) => ({ name: tomlKeyOf(row), isHidden: isSecret(row) }));
  const secret = new Set(rows.filter(({ isHidden }) => isHidden).map(({ name }) => name));
  const others = new Set(rows.filter(({ isHidden }) => !isHidden).map(({ name }) => name));
  const certain = [...secret].filter((name) => !others.has(name));
  const line = new RegExp(`((?:^|[\\s{;.])(?:${certain.join("|")})(?:\\s*=\\s*|\\s+))([^;}#]+)`, "g");
  return { line, secret, known: new Set([...secret, ...others, "include"]) };
}
