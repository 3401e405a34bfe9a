import { type EventLoop, LoopTurns } from "../base/loop_turns.ts";

/**
 * The event loop of this thread.
 *
 * `setImmediate`, `MessageChannel` and operations of Deno's thread pool come back before the sockets are looked at:
 * with 4 ms of work in between, a byte waited 60 to 800 ms (Deno 2.4.2 and 2.9.6). With a timer it waits for one turn.
 */
export const denoLoop: EventLoop = { nowMs: () => performance.now(), next: (fn) => void setTimeout(fn, 0) };

/** The turns of this thread. */
export const threadTurns = new LoopTurns(denoLoop);
