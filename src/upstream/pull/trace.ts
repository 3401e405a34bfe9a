import type { Span } from "../../base/trace.ts";

/** The steps of one attempt at one server: connect, then wait for the first media. */
export class UpstreamTrace {
  readonly #span: Span;
  #step: Span;

  /** @param span The attempt. */
  constructor(span: Span) {
    this.#span = span;
    this.#step = span.child("upstream connect");
  }

  /** The server was asked to play. */
  onReady(): void {
    this.#step.end();
    this.#step = this.#span.child("first media");
  }

  /** The first frame has come: what follows is the stream. */
  onFirstMedia(): void {
    this.end("", null);
  }

  /** The attempt is over. @param error Empty if it was no longer needed. */
  end(error: string, redirect: string | null): void {
    const failure = redirect === null ? error : "";
    this.#step.end(failure);
    // Not the parameters: there are passwords among them.
    if (redirect !== null) this.#span.set({ "srs.redirect": redirect.replace(/[?#].*/s, "") });
    this.#span.end(failure);
  }
}
