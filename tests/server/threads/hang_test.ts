/** A thread that hangs loses its ports, and no other one does. */
import { AcceptLoop } from "../../../src/net/accept_loop.ts";
import { systemTimers } from "../../../src/base/clock.ts";
import type { ListenerSocket, Socket } from "../../../src/base/socket.ts";
import { listeningSockets } from "../../../src/net/listening_sockets.ts";
import { WorkerSockets } from "../../../src/threads/worker/worker_sockets.ts";
import { ThreadLink } from "../../../src/threads/protocol/thread_link.ts";
import { ThreadRecord } from "../../../src/threads/protocol/thread_records.ts";
import { Workers } from "../../../src/threads/main/workers.ts";
import { assert, assertEquals } from "../../kit/assert.ts";
import { freePort, serverTest, sleep, tlsTest, until } from "../../kit/server/rtmp_rig.ts";
import { eventually, isOpen, socketLink } from "../../kit/server/socket_files.ts";
import { TestLog } from "../../kit/test_log.ts";
import { shownName, tlsText } from "../../kit/tls_files.ts";

const ignore = Deno.build.os !== "linux";

/** Threads that accept, without a server. */
class ThreadsRig implements AsyncDisposable {
  readonly log = new TestLog();
  readonly spawned: Worker[] = [];
  readonly workers: Workers;
  readonly #listeners: { socket: ListenerSocket; loop: AcceptLoop<Socket>; ended: Promise<void> }[] = [];

  constructor(threads: number) {
    const spawn = () => {
      const worker = new Worker(new URL("../../kit/server/faulty_worker.ts", import.meta.url), { type: "module" });
      this.spawned.push(worker);
      return worker;
    };
    this.workers = new Workers({ threads, log: this.log, spawn, tickMs: 100 });
  }

  /** Accepts at a socket and closes what comes. */
  take<S extends ListenerSocket>(socket: S): S {
    const loop = new AcceptLoop<Socket>({
      accept: () => socket.accept(),
      onConn: (conn) => conn.close(),
      onAcceptError: (error) => this.log.error(`first thread: ${error}`),
      timers: systemTimers,
    });
    this.#listeners.push({ socket, loop, ended: loop.run() });
    return socket;
  }

  listen(host: string, port: number): ListenerSocket {
    return this.take(this.workers.listen({ host, port }));
  }

  /** Waits until so many sockets listen there. */
  listening({ addr }: ListenerSocket, count: number): Promise<void> {
    return until(`${count} sockets listen on ${addr.hostname}`, () => listeningSockets(addr).length === count, 15_000);
  }

  /** Lets some threads hang, and waits until others have taken their places. */
  async hang(...threads: number[]): Promise<void> {
    const count = this.spawned.length + threads.length;
    for (const at of threads) this.spawned[at]!.postMessage("hang");
    await until("others are started", () => this.spawned.length === count, 15_000);
  }

  get errors(): string[] {
    return this.log.lines.filter((line) => line.startsWith("error") && !line.includes("no answer to 10 pings"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { socket, loop } of this.#listeners) {
      loop.stop();
      socket.close();
    }
    await Promise.all(this.#listeners.map(({ ended }) => ended));
    this.workers[Symbol.dispose]();
  }
}

serverTest("threads: two that hang at once lose their ports, and the others keep theirs", async () => {
  await using rig = new ThreadsRig(4);
  const listener = rig.listen("127.0.0.1", freePort());
  await rig.listening(listener, 4);
  await rig.hang(0, 1);
  await rig.listening(listener, 4);
  // A port that is taken from the wrong thread is taken within a second.
  await sleep(1500);
  assertEquals([listeningSockets(listener.addr).length, rig.errors], [4, []]);
}, { ignore });

serverTest("threads: one that hangs loses its ports on every address, and the others keep theirs", async () => {
  await using rig = new ThreadsRig(3);
  const port = freePort();
  const listeners = [rig.listen("127.0.0.1", port), rig.listen("127.0.0.2", port)];
  for (const listener of listeners) await rig.listening(listener, 3);
  await rig.hang(0);
  for (const listener of listeners) await rig.listening(listener, 3);
  await sleep(300);
  assertEquals([listeners.map(({ addr }) => listeningSockets(addr).length), rig.errors], [[3, 3], []]);
}, { ignore });

tlsTest(
  "threads: one that hangs after the certificate has changed loses its ports, and the others keep theirs",
  async () => {
    await using rig = new ThreadsRig(3);
    const keys = { cert: tlsText("server.crt"), key: tlsText("server.key") };
    const other = { ...keys, cert: tlsText("other_name.crt") };
    const listener = rig.workers.listenTls({ host: "127.0.0.1", port: freePort(), keys, onHandshakeError: () => {} });
    rig.take(listener);
    await rig.listening(listener, 3);
    listener.renew(other);
    // Opened again, it gets another number.
    using files = new DisposableStack();
    for (let i = 0; i < 50; i++) files.use(await Deno.open("/dev/null"));
    await sleep(500);
    await rig.listening(listener, 3);
    await rig.hang(0);
    await rig.listening(listener, 3);
    await sleep(300);
    assertEquals([listeningSockets(listener.addr).length, rig.errors], [3, []]);
    for (let i = 0; i < 20; i++) assertEquals(await shownName(listener.addr.port), "other_name");
  },
  { ignore },
);

Deno.test("threads: a client that reads nothing is closed with what waits for it", {
  ignore,
  // The queue of closed sockets is the process's, and rests after a search: its timer may come after the test.
  sanitizeOps: false,
  sanitizeResources: false,
}, async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const [conn, client] = await Promise.all([
    listener.accept(),
    Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port }),
  ]);
  using _client = client;
  const link = socketLink(conn.localAddr.port, conn.remoteAddr.port);
  const thread = new ThreadLink({ postMessage() {} });
  const sockets = new WorkerSockets(thread);
  sockets.hold(conn, 1);
  const none = { kind: 0, id: 1, x: 0, y: 0, z: 0, payload: new Uint8Array(0) };
  // The kernel takes what it has room for: the last of them waits.
  for (let i = 0; i < 4; i++) {
    sockets.onRecord({ ...none, kind: ThreadRecord.WriteBytes, payload: new Uint8Array(16 << 20) });
    await sleep(50);
  }
  assert(isOpen(link));
  sockets.onRecord({ ...none, kind: ThreadRecord.Close });
  assert(await eventually(() => !isOpen(link)), "the socket is still open");
  thread.close();
});
