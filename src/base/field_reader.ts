/** Header fields of a message, to be read; `Headers` is one, too. */
export interface FieldReader extends Iterable<[name: string, value: string]> {
  /** @param name In any case. @returns Null if there is none; all values with commas between, if there are several. */
  get(name: string): string | null;
  has(name: string): boolean;
}
