import type { PlayCursor } from "../../stream/play_cursor.ts";
import type { CloseReason } from "../../server/close_reason.ts";
import type { PlaybackHost } from "../../server/play/playback.ts";
import type { ViewAnswer } from "../view_answer.ts";

/** What a viewer of a live stream may do with its connection. It is woken to ask {@link LiveViewer.next} again. */
export interface LiveHost extends PlaybackHost {
  /** Encodes the beginning of the answer, with the headers that every answer to the request has. */
  head(status: number, headers: Headers): Uint8Array;
  /** Sends bytes before what {@link LiveViewer.next} gives. */
  send(bytes: Uint8Array): void;
  /** Answers with something other than a stream, and ends the connection. */
  answer(response: Response, reason: CloseReason, detail: string): void;
  /** Ends the connection after what was sent. */
  finish(reason: CloseReason, detail: string): void;
}

/** A client for whom a connection is kept until its stream ends. */
export interface LiveViewer {
  /** The next bytes, unchanged until they are written, or null when there are none now. */
  next(): Uint8Array | null;
  /** The place of a viewer whose media is all that there is to send. */
  followed(): PlayCursor | null;
  /** What the client sends. */
  onInput(view: Uint8Array): void;
  /** About once a second. */
  tick(nowMs: number): void;
  /** Lets go of everything; called once, for whatever reason. */
  end(): void;
}

/** An answer without end: the connection is the viewer's from here on. */
export class LiveAnswer {
  /** Headers that every answer to the request shall have, whatever becomes of it. */
  readonly headers = new Headers();

  /** @param open Begins to serve the client. */
  constructor(readonly open: (host: LiveHost) => LiveViewer) {}
}

/** An answer that comes to an end. */
export type WholeAnswer = Response | ViewAnswer;

/** What a request is answered with. */
export type Answer = WholeAnswer | LiveAnswer;
