/** The highest values that were seen, by name. */
export class Peaks {
  readonly values = new Map<string, number>();

  /** @returns Whether it is within its bound. */
  note(name: string, value: number, bound: number): boolean {
    if (value > (this.values.get(name) ?? -Infinity)) this.values.set(name, value);
    return value <= bound;
  }

  add(other: Peaks): void {
    for (const [name, value] of other.values) this.note(name, value, Infinity);
  }

  /** In lines. */
  toString(): string {
    const width = Math.max(0, ...[...this.values.keys()].map((name) => name.length));
    return [...this.values].map(([name, value]) => `${name.padEnd(width)} ${Number(value.toFixed(1))}`).join("\n");
  }
}
