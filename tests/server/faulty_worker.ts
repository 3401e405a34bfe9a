/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
import "../../src/worker/fanout_worker.ts";

// The thread of a server that ends by an error, or hangs, when it is told to.
const { onmessage } = self;
self.onmessage = (event) => {
  if (event.data === "fail") throw new Error("told to fail");
  onmessage?.call(self, event);
};
