import type { Row, Schema } from "../../../src/config/schema/row.ts";
import { rowsInside } from "../../../src/config/schema/row_index.ts";
import { rootRows } from "../../../src/config/schema/root.ts";
import type { Prng } from "../media/mutate.ts";

/** Blocks that users name, or write several times. */
const named = ["vhost", "ingest", "transcode", "engine", "stream_caster"];
const odd = [
  "a b",
  "x;y",
  "{z}",
  "#c",
  "it's",
  'say "x"',
  "é名😀",
  "back\\slash",
  "100%",
  "a=b",
  "[x]",
  "\u00a0",
  "tab\there",
];
const remarks = [" why", "", " x = 1", " [vhost]", "}", " { a; }", ' "', " é名", "#", "\ttab ", " srs-ts"];
const oldInVhost = [
  "mode remote",
  "mw_latency 300",
  "gop_cache on",
  "publish_1stpkt_timeout 100",
  "debug_srs_upnode off",
];

/**
 * The text of a random configuration in SRS's language: any row in any block, odd words, comments wherever they may
 * stand, and all kinds of layout.
 */
export function generateConf(prng: Prng): string {
  const writer = new Writer(prng);
  writer.block(rootRows, 0);
  return writer.text;
}

class Writer {
  text = "";
  readonly #prng: Prng;

  constructor(prng: Prng) {
    this.#prng = prng;
  }

  block(rows: Schema, depth: number): void {
    const all = Object.values(rows);
    const leaves = new Set<string>();
    const blocks = new Set<string>();
    for (let left = this.#prng.below(depth === 0 ? 12 : 8); left > 0; left--) {
      const row = this.#pickRow(rows, all);
      const isBlock = row.node === "block" || row.node === "blocks" || (row.node === "foreign" && row.doc !== "");
      const onceOnly = row.node === "block" && row.single && blocks.has(row.name);
      // A name that is a value and a block at once has no form in TOML: another test's business.
      if (onceOnly || (isBlock ? leaves : blocks).has(row.name)) continue;
      (isBlock ? blocks : leaves).add(row.name);
      this.#above(depth);
      if (isBlock) this.#writeBlock(row, depth);
      else this.#leaf([row.name, ...this.#values(row)], depth);
    }
    if (rows === rootRows.vhosts.rows && this.#chance(4)) this.#oldSpelling(depth, blocks);
    this.#above(depth);
  }

  /** Any row; vhosts and their rules more often than others. */
  #pickRow(rows: Schema, all: readonly Row[]): Row {
    if (rows === rootRows && this.#chance(3)) return rootRows.vhosts;
    if (rows === rootRows.vhosts.rows && this.#chance(5)) return rootRows.vhosts.rows.security;
    return this.#prng.pick(all.filter(({ name }) => name !== "is_full"));
  }

  #oldSpelling(depth: number, blocks: Set<string>): void {
    if (blocks.has("forward")) return;
    this.#leaf([this.#prng.pick(oldInVhost)], depth);
  }

  #writeBlock(row: Row, depth: number): void {
    const args = row.node === "blocks" || (named.includes(row.name) && this.#chance(2)) ? [this.#word()] : [];
    if (args.length > 0 && this.#chance(8)) args.push(this.#word());
    this.#indent(depth);
    this.text += [row.name, ...args.map((arg) => this.#quote(arg))].join(this.#blank()) + this.#prng.pick([" {", "{"]);
    this.#endLine();
    const rows = rowsInside(row);
    if (rows && depth < 6) this.block(rows, depth + 1);
    else this.#anything(depth + 1);
    this.#indent(depth);
    this.text += "}";
    this.#endLine();
  }

  /** In blocks whose names nobody checks. */
  #anything(depth: number): void {
    for (let left = this.#prng.below(3); left > 0; left--) {
      this.#leaf(
        [`x${this.#prng.below(9)}`, ...Array.from({ length: this.#prng.below(3) }, () => this.#word())],
        depth,
      );
    }
    if (depth > 5 || this.#chance(2)) return;
    this.#indent(depth);
    this.text += "y {";
    this.#endLine();
    this.#anything(depth + 1);
    this.#indent(depth);
    this.text += "}\n";
  }

  #leaf([name = "", ...args]: readonly string[], depth: number): void {
    this.#indent(depth);
    this.text += [name, ...args.map((arg) => this.#quote(arg))].join(this.#blank()) + this.#prng.pick([";", " ;"]);
    this.#endLine();
  }

  #values(row: Row): string[] {
    if (row.node !== "directive" && row.node !== "repeated") return this.#chance(6) ? [] : [this.#word()];
    const { kind, choices = [], takesMany, min = 0, max = 100_000 } = row.type;
    if (this.#chance(30)) return [];
    const several = (make: () => string) => Array.from({ length: takesMany ? 1 + this.#prng.below(3) : 1 }, make);
    switch (kind) {
      case "onOff":
        return [this.#prng.pick(["on", "off", "on", "off", "yes"])];
      case "number":
        return [
          this.#prng.pick([String(min + this.#prng.below(max - min + 1)), String(min + 1.5), `0${min + 2}`, "1e3"]),
        ];
      case "choice":
        return [this.#prng.pick(choices.filter((choice) => choice !== ""))];
      case "address":
        return several(() => this.#prng.pick([String(1 + this.#prng.below(60_000)), "127.0.0.1:1935", "[::1]:80"]));
      case "rule":
        return [
          this.#prng.pick(["publish", "play", this.#word()]),
          this.#prng.pick(["all", "10.0.0.0/8", this.#word()]),
        ];
      case "list":
      case "text":
        return several(() => this.#word());
    }
  }

  #word(): string {
    const { next } = { next: () => this.#prng.below(1000) };
    return this.#prng.pick([
      `w${next()}`,
      `a.com:${next()}`,
      "on",
      "off",
      "true",
      "15",
      "-1.50",
      "007",
      "./x/[app].flv",
      this.#prng.pick(odd),
    ]);
  }

  #quote(word: string): string {
    const isPlain = /^[^\s;{}"'#]+$/.test(word);
    if (isPlain && !this.#chance(5)) return word;
    return word.includes('"') ? `'${word}'` : word.includes("'") || this.#chance(2) ? `"${word}"` : `'${word}'`;
  }

  #blank(): string {
    return this.#prng.pick([" ", " ", "  ", "\t"]);
  }

  #indent(depth: number): void {
    if (this.text.endsWith("\n")) this.text += this.#prng.pick(["    ".repeat(depth), "  ", "", "\t"]);
  }

  /** Behind `;`, `{` or `}`. */
  #endLine(): void {
    if (this.#chance(4)) this.text += `${this.#prng.pick(["", " "])}#${this.#prng.pick(remarks)}\n`;
    else this.text += this.#prng.pick(["\n", "\n", "\n", "\r\n", " "]);
  }

  /** Comments and empty lines. */
  #above(depth: number): void {
    for (;;) {
      if (this.#chance(4)) this.text += "\n";
      if (!this.#chance(3)) return;
      this.#indent(depth);
      this.text += `#${this.#prng.pick(remarks)}\n`;
    }
  }

  #chance(oneIn: number): boolean {
    return this.#prng.below(oneIn) === 0;
  }
}
