import type { FieldReader } from "../base/field_reader.ts";
import { isFieldText } from "./fields.ts";

/**
 * Header fields by name, as `Headers` keeps them, at a fraction of what that costs: of messages that come and go by the
 * thousand, fields cost more than everything else. A name that is given twice has both values, with a comma between.
 */
export class MessageFields implements FieldReader {
  /** By names in lower case. */
  readonly #values = new Map<string, string>();

  constructor(fields: Iterable<readonly [name: string, value: string]> = []) {
    for (const [name, value] of fields) this.append(name, value);
  }

  get(name: string): string | null {
    return this.#values.get(name) ?? this.#values.get(name.toLowerCase()) ?? null;
  }

  has(name: string): boolean {
    return this.get(name) !== null;
  }

  /** @throws {TypeError} The value could end the line that it stands in. */
  set(name: string, value: string): void {
    if (!isFieldText(value)) throw new TypeError(`a value of ${name} has a control character`);
    this.#values.set(name.toLowerCase(), value);
  }

  /** @throws {TypeError} As {@link set}. */
  append(name: string, value: string): void {
    const before = this.get(name);
    this.set(name, before === null ? value : `${before}, ${value}`);
  }

  [Symbol.iterator](): Iterator<[string, string]> {
    return this.#values.entries();
  }
}
