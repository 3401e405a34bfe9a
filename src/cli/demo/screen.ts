import { escapeControls } from "../../base/log.ts";
import type { CliIo } from "../command.ts";
import { type DemoView, formatLine, formatTable, wrapLine } from "./table.ts";

/** How the demo shows itself. */
export interface DemoScreen {
  /** Shows how things are now. */
  show(view: DemoView): void;
  /** Shows something that happened and that a person should read. */
  warn(text: string): void;
  /** Shows a line that was asked for by `--verbose`. */
  print(text: string): void;
  /** Leaves the terminal as it was found. */
  close(): void;
}

/** The screen for the terminal or pipe at hand. */
export function createScreen(io: CliIo): DemoScreen {
  return io.isTerminal ? new TerminalScreen(io) : new PlainScreen(io);
}

const MAX_WARNINGS = 8;

/** A table that is drawn again in its place, with the latest events below and other lines above. */
class TerminalScreen implements DemoScreen {
  readonly #io: CliIo;
  readonly #warnings: string[] = [];
  #view: DemoView | null = null;
  #drawnLines = 0;
  readonly #showCursor = () => this.#io.out("\x1b[?25h");

  constructor(io: CliIo) {
    this.#io = io;
    io.out("\x1b[?25l");
    // A forced end closes nothing.
    addEventListener("unload", this.#showCursor);
  }

  show(view: DemoView): void {
    this.#view = view;
    this.#draw();
  }

  warn(text: string): void {
    this.#warnings.push(escapeControls(text));
    if (this.#warnings.length > MAX_WARNINGS) this.#warnings.shift();
    this.#draw();
  }

  print(text: string): void {
    this.#io.out(`${this.#moveUp()}\x1b[J${escapeControls(text)}\n`);
    this.#drawnLines = 0;
    this.#draw();
  }

  close(): void {
    removeEventListener("unload", this.#showCursor);
    this.#showCursor();
  }

  /** Overwrites the old table line by line: no flicker. Lines that the terminal itself wrapped would spoil the count. */
  #draw(): void {
    const { columns, rows } = terminalSize();
    const table = this.#view === null ? [] : formatTable(this.#view, columns);
    const lines = [...table, ...(this.#warnings.length === 0 ? [] : ["", ...this.#warnings])]
      .flatMap((line) => wrapLine(line, columns - 1)).slice(0, rows - 1);
    this.#io.out(`${this.#moveUp()}${lines.map((line) => `${line}\x1b[K\n`).join("")}\x1b[J`);
    this.#drawnLines = lines.length;
  }

  #moveUp(): string {
    return this.#drawnLines === 0 ? "" : `\x1b[${this.#drawnLines}A\r`;
  }
}

const LINE_EVERY_MS = 5000;

/** Lines for a log: the hints once, then how things are every few seconds. */
class PlainScreen implements DemoScreen {
  readonly #io: CliIo;
  #nextMs = 0;

  constructor(io: CliIo) {
    this.#io = io;
  }

  show(view: DemoView): void {
    if (view.elapsedMs < this.#nextMs) return;
    if (this.#nextMs === 0) this.#io.out(view.hints.map(([word, line]) => `${word.padEnd(8)} ${line}\n`).join(""));
    else this.#io.out(`${formatLine(view)}\n`);
    this.#nextMs = (Math.floor(view.elapsedMs / LINE_EVERY_MS) + 1) * LINE_EVERY_MS;
  }

  warn(text: string): void {
    this.#io.err(`${escapeControls(text)}\n`);
  }

  print(text: string): void {
    this.#io.out(`${escapeControls(text)}\n`);
  }

  close(): void {}
}

function terminalSize(): { columns: number; rows: number } {
  try {
    return Deno.consoleSize();
  } catch {
    // Output that claims to be a terminal and has no size.
    return { columns: 80, rows: 24 };
  }
}
