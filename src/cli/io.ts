import { encodeUtf8 } from "../base/bytes.ts";
import type { CliIo } from "./command.ts";
import { StopSignals } from "./serve/process_signals.ts";

/** The terminal or pipes of this process. */
export class ProcessIo implements CliIo {
  readonly isTerminal = Deno.stdout.isTerminal() && Deno.stderr.isTerminal();
  readonly color = this.isTerminal && !Deno.noColor;
  readonly #signals = new StopSignals();

  out(text: string): void {
    writeAll(Deno.stdout, text);
  }

  err(text: string): void {
    writeAll(Deno.stderr, text);
  }

  get stop(): AbortSignal {
    return this.#signals.signal;
  }

  /** Settles with an exit status when the user does not want to wait for a clean end. */
  get forced(): Promise<number> {
    return this.#signals.forced;
  }
}

function writeAll(stream: typeof Deno.stdout, text: string): void {
  try {
    for (let rest = encodeUtf8(text); rest.length > 0;) rest = rest.subarray(stream.writeSync(rest));
  } catch (error) {
    // The reader of the pipe has left (`| head`): nobody misses the rest.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}
