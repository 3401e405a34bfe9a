/**
 * What kind of failure a line of {@link Outcome.failures} is: its words, without moment, names and numbers. Two scenarios
 * fail alike if they share a kind.
 */
export function failureKind(failure: string): string {
  const [words = ""] = failure.replace(/^[\d.]+ s: \S+ /, "").split("\n");
  return words
    .replace(/(srs:)?[\w.:-]*(\/[\w.:-]+)+(, )?/g, "# ")
    .replace(/[\w-]*\d[\w.:-]*/g, "#")
    .replace(/(#[, ]*)+/g, "# ")
    .trim();
}
