/** What happened, line by line, and a hash over all of it: two runs of one scenario have the same. */
export class SimLog {
  readonly lines: string[] = [];
  readonly #nowMs: () => number;
  readonly #keeps: boolean;
  #low = 0x811c9dc5;
  #high = 0x9dc5811c;
  count = 0;
  readonly #counts = new Map<string, number>();

  /** @param keeps Whether the lines are kept besides their hash. */
  constructor(nowMs: () => number, keeps: boolean) {
    this.#nowMs = nowMs;
    this.#keeps = keeps;
  }

  add(who: string, text: string): void {
    const line = `${this.#nowMs().toFixed(3)} ${who}: ${text}`;
    this.count++;
    this.#counts.set(who, this.countOf(who) + 1);
    for (let at = 0; at < line.length; at++) {
      const code = line.charCodeAt(at);
      this.#low = Math.imul(this.#low ^ code, 0x01000193);
      this.#high = Math.imul(this.#high ^ code, 0x85ebca6b) ^ this.#low >>> 15;
    }
    if (this.#keeps) this.lines.push(line);
  }

  /** Lines of one of them. */
  countOf(who: string): number {
    return this.#counts.get(who) ?? 0;
  }

  /** 64 bits, hexadecimal. */
  get hash(): string {
    const hex = (part: number) => (part >>> 0).toString(16).padStart(8, "0");
    return hex(this.#high) + hex(this.#low);
  }
}
