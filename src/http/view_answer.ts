import { MessageFields } from "../http1/message_fields.ts";

/** What an answer says beside its body. */
export interface ViewAnswerInit {
  /** 200 by default. */
  readonly status?: number;
  readonly headers?: MessageFields;
}

/**
 * An answer whose body is bytes that somebody else keeps: they go to the socket as they are, where the body of a
 * `Response` would be a copy for each request, and that object alone costs more than the rest of a request.
 */
export class ViewAnswer {
  readonly status: number;
  readonly headers: MessageFields;
  /** Sent one after the other; not changed any more. */
  readonly views: readonly Uint8Array[];
  /** Of all views together. */
  readonly byteLength: number;

  constructor(views: readonly Uint8Array[], { status = 200, headers = new MessageFields() }: ViewAnswerInit = {}) {
    this.status = status;
    this.headers = headers;
    this.views = views;
    this.byteLength = byteLength(views);
    // Of what has not changed, nothing is said. Source: RFC 9110 §15.4.5.
    if (status !== 304) headers.set("content-length", String(this.byteLength));
  }
}

/** The part of some bytes from `start` up to, not including, `end`, without a copy. */
export function sliceViews(views: readonly Uint8Array[], start: number, end: number): Uint8Array[] {
  const parts: Uint8Array[] = [];
  let at = 0;
  for (const view of views) {
    const part = view.subarray(Math.max(0, start - at), Math.max(0, end - at));
    if (part.length > 0) parts.push(part);
    at += view.length;
  }
  return parts;
}

/** Length of some bytes together. */
export function byteLength(views: readonly Uint8Array[]): number {
  return views.reduce((sum, { length }) => sum + length, 0);
}
