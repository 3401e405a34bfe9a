/** A line that tells how far it is, on terminals alone. */
export class Progress {
  readonly #isShown = Deno.stderr.isTerminal();
  #shownMs = 0;

  show(text: string): void {
    const nowMs = performance.now();
    if (!this.#isShown || nowMs - this.#shownMs < 200) return;
    this.#shownMs = nowMs;
    write(`\r${text}\x1b[K`);
  }

  clear(): void {
    if (this.#isShown) write("\r\x1b[K");
  }
}

function write(text: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(text));
}
