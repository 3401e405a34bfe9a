/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
import "../../../src/threads/worker/fanout_worker.ts";

// The thread of a server that ends by an error when it is told to.
self.addEventListener("message", (event) => {
  if (event instanceof MessageEvent && event.data === "fail") throw new Error("told to fail");
});
