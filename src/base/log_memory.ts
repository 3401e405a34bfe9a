/**
 * Makes memory for the log of a stream, from which many connections are sent. What is in it at first is not defined; nobody
 * reads what was not written.
 */
export type LogMemory = (bytes: number) => Uint8Array;

/** Memory that all threads can send from. */
export const sharedMemory: LogMemory = (bytes) => new Uint8Array(new SharedArrayBuffer(bytes));
