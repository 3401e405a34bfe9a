import { escapeControls } from "../../base/log.ts";
import type { ClusterView } from "../../http/api/cluster_view.ts";
import type { CliIo } from "../command.ts";
import { PROGRAM } from "../help.ts";
import { statusLines } from "./text.ts";

/** Where a status is shown. */
export interface StatusScreen extends Disposable {
  show(view: ClusterView, askedAt: string): void;
  /** The API could not be asked. */
  fail(why: string): void;
}

const PIPE_WIDTH = 80;
const MIN_WIDTH = 40;

/** The screen for the terminal or pipe at hand. @param isRedrawn One status takes the place of the one before. */
export function createStatusScreen(io: CliIo, isRedrawn: boolean): StatusScreen {
  return isRedrawn && io.isTerminal ? new RedrawnScreen(io) : new PrintedScreen(io, isRedrawn);
}

/** Prints one status after the other. */
class PrintedScreen implements StatusScreen {
  readonly #io: CliIo;
  readonly #isSeparated: boolean;

  constructor(io: CliIo, isSeparated: boolean) {
    this.#io = io;
    this.#isSeparated = isSeparated;
  }

  show(view: ClusterView, askedAt: string): void {
    const width = this.#io.isTerminal ? Math.max(MIN_WIDTH, terminalSize().columns) : PIPE_WIDTH;
    const lines = statusLines(view, askedAt, { width, color: this.#io.color });
    this.#io.out(`${lines.join("\n")}\n${this.#isSeparated ? "\n" : ""}`);
  }

  fail(why: string): void {
    this.#io.err(`${PROGRAM} status: ${escapeControls(why)}\n`);
  }

  [Symbol.dispose](): void {}
}

/** Draws in place. */
class RedrawnScreen implements StatusScreen {
  readonly #io: CliIo;
  #drawnLines = 0;
  readonly #showCursor = () => this.#io.out("\x1b[?25h");

  constructor(io: CliIo) {
    this.#io = io;
    io.out("\x1b[?25l");
    // A forced end closes nothing.
    addEventListener("unload", this.#showCursor);
  }

  show(view: ClusterView, askedAt: string): void {
    const width = Math.max(MIN_WIDTH, terminalSize().columns - 1);
    this.#draw(statusLines(view, askedAt, { width, color: this.#io.color }));
  }

  fail(why: string): void {
    const { columns } = terminalSize();
    this.#draw([`${PROGRAM} status: ${escapeControls(why)}`.slice(0, columns - 1), "It is asked again every 2 s."]);
  }

  [Symbol.dispose](): void {
    removeEventListener("unload", this.#showCursor);
    this.#showCursor();
  }

  /** Overwrites line by line: no flicker. More lines than the terminal has would spoil the count. */
  #draw(lines: readonly string[]): void {
    const { rows } = terminalSize();
    const room = Math.max(1, rows - 1);
    const shown = lines.length <= room
      ? lines
      : [...lines.slice(0, room - 1), `... ${lines.length - room + 1} more lines: make the terminal higher`];
    const up = this.#drawnLines === 0 ? "" : `\x1b[${this.#drawnLines}A\r`;
    this.#io.out(`${up}${shown.map((line) => `${line}\x1b[K\n`).join("")}\x1b[J`);
    this.#drawnLines = shown.length;
  }
}

function terminalSize(): { columns: number; rows: number } {
  try {
    return Deno.consoleSize();
  } catch {
    // Output that claims to be a terminal and has no size.
    return { columns: 80, rows: 24 };
  }
}
