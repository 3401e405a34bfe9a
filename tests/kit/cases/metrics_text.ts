/** One line of Prometheus's text format. */
export interface MetricLine {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const label = /([A-Za-z_]\w*)="((?:[^"\\]|\\["\\n])*)"/;
const line = new RegExp(`^([A-Za-z_:][\\w:]*)(?:\\{(${label.source}(?:,${label.source})*)\\})? (\\S+)$`);

/** Reads Prometheus's text format strictly. @throws {SyntaxError} for a line that is neither a comment nor a sample. */
export function parseMetrics(text: string): MetricLine[] {
  return text.split("\n").filter((row) => row !== "" && !/^# (HELP|TYPE) \w+ /.test(row)).map((row) => {
    const found = line.exec(row);
    const value = Number(found?.at(-1));
    if (found === null || Number.isNaN(value)) throw new SyntaxError(`not a sample: ${row}`);
    const labels = [...(found[2] ?? "").matchAll(new RegExp(label, "g"))].map(([, name, text]) => [
      name!,
      text!.replace(/\\(.)/g, (_, escaped) => escaped === "n" ? "\n" : escaped),
    ]);
    return { name: found[1]!, labels: Object.fromEntries(labels), value };
  });
}
