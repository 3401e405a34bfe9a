import type { WholeAnswer } from "../live/live_answer.ts";
import { ViewAnswer } from "../view_answer.ts";

/** The body of an answer, piece by piece: no more than one is in memory that is not elsewhere, too. */
export class AnswerBody {
  #views: Uint8Array[];
  readonly #reader: ReadableStreamDefaultReader<Uint8Array> | null;
  readonly #onReady: () => void;
  readonly #onFailed: (error: unknown) => void;
  #isReading = false;
  #isOver: boolean;

  /** @param onReady There may be another piece. @param onFailed There will not be what was announced. */
  constructor(answer: WholeAnswer, onReady: () => void, onFailed: (error: unknown) => void) {
    this.#views = answer instanceof ViewAnswer ? [...answer.views] : [];
    this.#reader = answer instanceof ViewAnswer ? null : answer.body?.getReader() ?? null;
    this.#isOver = this.#reader === null;
    this.#onReady = onReady;
    this.#onFailed = onFailed;
  }

  /** Nothing follows what {@link peek} gives. */
  get isOver(): boolean {
    return this.#isOver && this.#views.length <= 1;
  }

  /** What is to be sent next; null while it is not there. */
  peek(): Uint8Array | null {
    while (this.#views[0]?.length === 0) this.#views.shift();
    const [view] = this.#views;
    if (view === undefined) this.#read();
    return view ?? null;
  }

  /** So much of it has been sent. */
  take(bytes: number): void {
    const [view] = this.#views;
    if (view !== undefined) this.#views[0] = view.subarray(bytes);
    if (this.#views[0]?.length === 0) this.#views.shift();
  }

  /** It is not wanted any more. */
  cancel(): void {
    this.#isOver = true;
    this.#views = [];
    this.#reader?.cancel().catch(() => {});
  }

  async #read(): Promise<void> {
    if (this.#reader === null || this.#isReading || this.#isOver) return;
    this.#isReading = true;
    try {
      const { done, value } = await this.#reader.read();
      if (this.#isOver) return;
      if (done) this.#isOver = true;
      else this.#views.push(value);
      this.#isReading = false;
      this.#onReady();
    } catch (error) {
      this.#onFailed(error);
    }
  }
}
