/**
 * Parameters of a request: read leniently, the last one of a name wins.
 *
 * SRS sends and reads values without any encoding, other clients encode: escapes that are valid are decoded, whatever
 * else stands there is kept.
 */
export class Query {
  readonly #values = new Map<string, string>();

  /** @param text The request's query, without the `?`. */
  constructor(text: string) {
    for (const pair of text.split("&")) {
      const equals = pair.indexOf("=");
      if (equals < 0 && pair !== "") this.#values.set(decode(pair), "");
      if (equals > 0) this.#values.set(decode(pair.slice(0, equals)), pair.slice(equals + 1));
    }
  }

  /** Value with its escapes decoded; empty when there is none. */
  get(name: string): string {
    return decode(this.raw(name));
  }

  /** Value as it was sent; empty when there is none. */
  raw(name: string): string {
    return this.#values.get(name) ?? "";
  }

  /** True for `name` alone and for any value but those that mean no. */
  isOn(name: string): boolean {
    return this.#values.has(name) && !["0", "off", "false", "no"].includes(this.get(name).toLowerCase());
  }

  /** Value as a whole number from 0 up, as C's `atoi` reads it; 0 when it is none. */
  count(name: string): number {
    return Number(/^\d{1,9}/.exec(this.raw(name))?.[0] ?? 0);
  }
}

function decode(text: string): string {
  return text.replace(/(?:%[\da-f]{2})+/gi, (escapes) => {
    try {
      return decodeURIComponent(escapes);
    } catch {
      // Not UTF-8: the client meant these characters as they are.
      return escapes;
    }
  });
}
