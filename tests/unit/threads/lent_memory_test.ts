import { assertEquals } from "../../kit/assert.ts";
import { run } from "../../kit/launcher.ts";

const here = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);

/** Lends a region to a thread, lets go of it there and here in turn, and tells when its memory is free. */
const program = `
  import { FastPaths } from ${here("../../../src/net/fast/fast_paths.ts")};
  import { ThreadHandle } from ${here("../../../src/threads/main/thread_handle.ts")};
  import { receiveMessage, ThreadLink } from ${here("../../../src/threads/protocol/thread_link.ts")};
  import { WorkerSockets } from ${here("../../../src/threads/worker/worker_sockets.ts")};
  const paths = new FastPaths({ recv: "read", send: "sendfile" });
  paths.openArena();
  const held = () => paths.arena.heldBytes > 0 ? "held" : "free";
  const pass = async () => {
    for (let i = 0; i < 5; i++) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      gc();
    }
  };
  let worker;
  const main = {
    postMessage: (message) => receiveMessage(message, (record) => worker.onRecord(record), (shared) => worker.onShared(shared)),
    terminate() {}, onmessage: null, onerror: null,
  };
  const link = new ThreadLink({ postMessage: (data) => main.onmessage({ data }) });
  worker = new WorkerSockets(link);
  let sockets = [];
  const thread = new ThreadHandle(main, {
    onAccepted: (_listener, socket) => sockets.push(socket), onTrouble() {}, onDead() {}, onHandshakeError() {},
  });
  // The client takes nothing until it is told to.
  let written;
  const address = { hostname: "127.0.0.1", port: 1 };
  worker.hold({
    localAddr: address, remoteAddr: address, setNoDelay() {}, close() {}, closeWrite: () => Promise.resolve(),
    read: () => new Promise(() => {}),
    write: (view) => new Promise((resolve) => written = () => resolve(view[5])),
  }, 1);
  await pass();
  const states = [];
  await (async () => {
    const view = paths.logMemory(1000).fill(7);
    sockets[0].write(view.subarray(0, 900)).then(() => states.push("written"));
    await pass();
    states.push(held());
  })();
  for (let i = 0; i < 6; i++) { thread.tick(); await pass(); }
  states.push(held());
  written();
  written = null;
  await pass();
  await pass();
  states.push(held());
  console.log(states.join(" "));
  Deno.exit(0);
`;

Deno.test("memory that a thread still writes from is used for nothing else, though nobody else needs it", {
  ignore: Deno.build.os !== "linux",
}, async () => {
  const command = [Deno.execPath(), "eval", "--v8-flags=--expose-gc", "--no-check", program];
  assertEquals(await run(command, 30_000), { code: 0, output: "held held written free\n" });
});
