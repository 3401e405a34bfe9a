const encoder = new TextEncoder();

/** Writes a line to the standard output. */
export function print(line: string): void {
  const bytes = encoder.encode(`${line}\n`);
  for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
}
