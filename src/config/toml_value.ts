import type { Row } from "./schema.ts";
import { encodeString } from "./toml_lib.ts";
import type { TomlScalar } from "./toml_syntax.ts";

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
  if (kinds.includes("boolean")) return { message: "a switch is no number", suggestion: "write true or false" };
  if (kinds.includes("number")) {
    return { message: `a number is wanted and not ${scalar.raw}`, suggestion: "write a number" };
  }
  return { message: "a text is wanted", suggestion: `write "${scalar.raw}"` };
}
