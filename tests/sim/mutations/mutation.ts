/** One way to break the product's code. */
export interface Mutation {
  readonly name: string;
  /** In `src`. */
  readonly file: string;
  /** Occurs once in the file. */
  readonly find: string;
  readonly replace: string;
  /** What goes wrong then. */
  readonly breaks: string;
  /** A seed that finds it; null where none is known. */
  readonly seed: number | null;
}
