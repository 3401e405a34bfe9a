import type { PublishSession } from "../truth.ts";

/** Behind what was sent at least, besides what the line takes: `mw_latency` on the origin, and on an edge. */
const FLUSH_MS = 2 * 350;
/** Who has just come has other worries. */
const SETTLED_MS = 3000;

/** Where a viewer is. */
export interface TailPlace {
  readonly session: number;
  readonly index: number;
}

/** A viewer, as far as it matters here. */
export interface TailViewer {
  readonly name: string;
  /** Null while it has got nothing. */
  readonly place: TailPlace | null;
  /** When its connection was made. */
  readonly connectedMs: number;
}

/** What an encoder has sent before it pauses comes to everybody who watches it then, and not only with what follows. */
export class TailCheck {
  readonly #wayMs: number;
  readonly #viewers: () => readonly TailViewer[];
  readonly #onFault: (who: string, text: string) => void;

  /** @param wayMs Between two servers, at most. @param viewers Those that sit still, and whose lines are good. */
  constructor(wayMs: number, viewers: () => readonly TailViewer[], onFault: (who: string, text: string) => void) {
    this.#wayMs = wayMs;
    this.#viewers = viewers;
    this.#onFault = onFault;
  }

  /** After so long everybody has what was sent. */
  get dueMs(): number {
    return FLUSH_MS + 6 * this.#wayMs;
  }

  /** An encoder has sent nothing for {@link dueMs}, and nothing went wrong of late. */
  look({ number, sent }: PublishSession, nowMs: number): void {
    for (const { name, place, connectedMs } of this.#viewers()) {
      if (place === null || place.session !== number || nowMs - connectedMs < this.dueMs + SETTLED_MS) continue;
      if (place.index < sent - 1) {
        this.#onFault(
          name,
          `has frame ${number}/${place.index}, though ${sent - 1} was sent before its encoder paused`,
        );
      }
    }
  }
}
