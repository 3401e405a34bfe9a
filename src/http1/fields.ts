/** Most fields of one message. */
export const MAX_FIELDS = 100;
const tokenPattern = /^[!#$%&'*+.^_`|~\w-]+$/;
const fieldText = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Why header fields are not understood. */
export type FieldsFault = "tooMany" | "broken";

/** True for a method or the name of a header. Source: RFC 9110 §5.6.2. */
export function isToken(text: string): boolean {
  return tokenPattern.test(text);
}

/** True without control characters, of which a tab is none. One character a byte. Source: RFC 9110 §5.5. */
export function isFieldText(text: string): boolean {
  return fieldText.test(text);
}

/**
 * Reads header lines of HTTP/1, one character a byte, as names and values; nothing is said of their meaning. Folded
 * lines are broken, as two readers could disagree about them.
 */
export function parseHeaderFields(lines: readonly string[]): [name: string, value: string][] | FieldsFault {
  if (lines.length > MAX_FIELDS) return "tooMany";
  const fields: [string, string][] = [];
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(0, colon));
    const value = line.slice(colon + 1);
    if (!isToken(name) || !isFieldText(value)) return "broken";
    fields.push([name, value.trim()]);
  }
  return fields;
}
