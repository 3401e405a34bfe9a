/**
 * Makes memory for the log of a stream, from which many connections are sent. What is in it at first is not defined; nobody
 * reads what was not written.
 */
export type LogMemory = (bytes: number) => Uint8Array;

const lent = new WeakSet<ArrayBufferLike>();

/** From here on another thread, or the kernel, may look at a buffer, for who knows how long. */
export function lend(buffer: ArrayBufferLike): void {
  lent.add(buffer);
}

/** What is in the buffer must not change any more. */
export function isLent(buffer: ArrayBufferLike): boolean {
  return lent.has(buffer);
}

/** Memory that all threads can send from. */
export const sharedMemory: LogMemory = (bytes) => new Uint8Array(new SharedArrayBuffer(bytes));
