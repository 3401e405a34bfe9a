import { quoteWord } from "../problem.ts";
import type { Row } from "../schema/row.ts";
import { encodeString } from "./lib.ts";
import type { TomlScalar } from "./syntax.ts";

/** A number that both languages write alike and that loses nothing as a JavaScript number. */
const plainNumber = /^-?(?:0|[1-9]\d{0,14})(?:\.\d{1,15})?$/;

/** Kinds of TOML values that a row takes; `any` for rows whose values are not read here. */
function kindsOf(row: Row | undefined): readonly TomlScalar["kind"][] {
  if (row?.node !== "directive" && row?.node !== "repeated") return ["string", "number", "boolean"];
  switch (row.type.kind) {
    case "onOff":
      return ["boolean", "string"];
    case "number":
    case "address":
      return ["number", "string"];
    case "text":
    case "choice":
    case "list":
    case "rule":
      return ["string"];
  }
}

/** One word of SRS's language as a TOML value: switches and numbers as such where the row takes them. */
export function encodeWord(text: string, row: Row | undefined): string {
  const kinds = kindsOf(row);
  if ((text === "on" || text === "off") && kinds.includes("boolean")) return String(text === "on");
  if (plainNumber.test(text) && kinds.includes("number")) return text;
  return encodeString(text);
}

/** A TOML value as a word of SRS's language. `value` is what `scalar` means. */
export function decodeScalar(scalar: TomlScalar, value: unknown): string {
  if (scalar.kind === "boolean") return value === true ? "on" : "off";
  return scalar.kind === "number" && plainNumber.test(scalar.raw) ? scalar.raw : String(value);
}

/** What is wrong with the kind of a value, or null. */
export function refuseKind(scalar: TomlScalar, row: Row | undefined): { message: string; suggestion: string } | null {
  const kinds = kindsOf(row);
  if (kinds.includes(scalar.kind)) return null;
  const name = quoteWord(row?.name ?? "");
  if (kinds.includes("boolean")) return { message: `${name} is a switch`, suggestion: "write true or false" };
  if (!kinds.includes("number")) {
    return { message: `${name} takes text`, suggestion: `put it in quotes: "${scalar.raw}"` };
  }
  const isAddress = row?.node === "directive" && row.type.kind === "address";
  return isAddress
    ? { message: `${name} takes an address`, suggestion: `write one in quotes instead of ${scalar.raw}` }
    : { message: `${name} takes a number`, suggestion: `write one instead of ${scalar.raw}` };
}
