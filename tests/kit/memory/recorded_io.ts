import type { CliIo } from "../../../src/cli/command.ts";

/** A terminal that only remembers. */
export class RecordedIo implements CliIo {
  readonly isTerminal: boolean;
  readonly color = false;
  readonly stop = new AbortController().signal;
  stdout = "";
  stderr = "";

  constructor(options: { isTerminal?: boolean } = {}) {
    this.isTerminal = options.isTerminal ?? false;
  }

  out(text: string): void {
    this.stdout += text;
  }

  err(text: string): void {
    this.stderr += text;
  }
}
