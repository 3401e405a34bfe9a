/**
 * An answer whose body is bytes that somebody else keeps: they go to the socket as they are, where the body of a
 * `Response` would be a copy for each request.
 */
export class ViewResponse extends Response {
  /** Sent one after the other; not changed any more. */
  readonly views: readonly Uint8Array[];

  constructor(views: readonly Uint8Array[], init: ResponseInit = {}) {
    super(null, init);
    this.views = views;
    this.headers.set("content-length", String(byteLength(views)));
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
