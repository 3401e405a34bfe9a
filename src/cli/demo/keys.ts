/** What a key does to the cluster. */
export type DemoAction = "kill" | "drain" | "restart";

const actions: Readonly<Record<string, DemoAction>> = { k: "kill", d: "drain", r: "restart" };

/**
 * Listens for keys until it is disposed; Ctrl-C stays a signal. Does nothing where standard input is no terminal.
 */
export class DemoKeys implements Disposable {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array> | null = null;

  constructor(onAction: (action: DemoAction) => void) {
    if (!DemoKeys.areThere) return;
    Deno.stdin.setRaw(true, { cbreak: true });
    this.#reader = Deno.stdin.readable.getReader();
    this.#read(this.#reader, onAction);
    // A forced end disposes of nothing.
    addEventListener("unload", this.#restore);
  }

  /** Whether somebody can press a key. */
  static get areThere(): boolean {
    return Deno.stdin.isTerminal();
  }

  [Symbol.dispose](): void {
    if (this.#reader === null) return;
    removeEventListener("unload", this.#restore);
    this.#restore();
    this.#reader.cancel().catch(() => {});
  }

  readonly #restore = () => {
    try {
      Deno.stdin.setRaw(false);
    } catch {
      // The terminal is gone.
    }
  };

  async #read(reader: ReadableStreamDefaultReader<Uint8Array>, onAction: (action: DemoAction) => void): Promise<void> {
    const decoder = new TextDecoder();
    try {
      for (let read = await reader.read(); !read.done; read = await reader.read()) {
        for (const key of decoder.decode(read.value)) {
          const action = actions[key.toLowerCase()];
          if (action !== undefined) onAction(action);
        }
      }
    } catch {
      // The terminal is gone: the demo hears of that by a signal.
    }
  }
}
