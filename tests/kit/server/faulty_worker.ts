/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
import "../../../src/threads/worker/fanout_worker.ts";

/** Longer than any test waits for it. */
const HANG_MS = 25_000;

// The thread of a server that ends by an error when it is told to, or hangs.
self.addEventListener("message", (event) => {
  if (!(event instanceof MessageEvent)) return;
  if (event.data === "fail") throw new Error("told to fail");
  if (event.data === "hang") Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, HANG_MS);
});
