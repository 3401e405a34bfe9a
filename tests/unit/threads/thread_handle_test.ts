import { assertEquals, assertMatch, assertRejects } from "../../kit/assert.ts";
import { encodeUtf8 } from "../../../src/base/bytes.ts";
import type { Socket } from "../../../src/base/socket.ts";
import type { SocketAddress } from "../../../src/net/socket_shutdown.ts";
import {
  forEachRecord,
  RecordBatch,
  type RecordFields,
  ThreadRecord,
} from "../../../src/threads/protocol/thread_records.ts";
import { ThreadHandle, type WorkerLike } from "../../../src/threads/main/thread_handle.ts";

/** A thread that does nothing by itself. */
class FakeWorker implements WorkerLike {
  onmessage: WorkerLike["onmessage"] = null;
  onerror: WorkerLike["onerror"] = null;
  readonly told: RecordFields[] = [];
  readonly shared: { id: number; memory: SharedArrayBuffer }[] = [];
  terminated = 0;

  postMessage(message: unknown): void {
    if (message instanceof ArrayBuffer) forEachRecord(message, (record) => this.told.push(record));
    else this.shared.push(message as { id: number; memory: SharedArrayBuffer });
  }

  say(kind: number, id: number, { x = 0, text = "" } = {}): void {
    const batch = new RecordBatch();
    batch.addBytes(kind, id, encodeUtf8(text), x);
    this.onmessage?.call(this as never, new MessageEvent("message", { data: batch.take() }));
  }

  terminate(): void {
    this.terminated++;
  }

  kinds(): number[] {
    return this.told.map(({ kind }) => kind);
  }
}

class Rig {
  readonly worker = new FakeWorker();
  readonly accepted: Socket[] = [];
  readonly troubles: string[] = [];
  readonly deaths: string[] = [];
  held: readonly SocketAddress[] | null = null;
  readonly thread = new ThreadHandle(this.worker, {
    onHandshakeError: () => {},
    onAccepted: (_listener, socket) => this.accepted.push(socket),
    onTrouble: (text) => this.troubles.push(text),
    onDead: (reason, held) => {
      this.deaths.push(reason);
      this.held = held;
    },
  });

  accept(id: number): Socket {
    const at = (port: number) => ({ transport: "tcp", hostname: "127.0.0.1", port });
    this.worker.say(ThreadRecord.Accepted, id, {
      x: 1,
      text: JSON.stringify({ remoteAddr: at(5000), localAddr: at(1935) }),
    });
    return this.accepted.at(-1)!;
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

Deno.test("ThreadHandle hands on what was accepted, and what is said of each socket to that one", async () => {
  const rig = new Rig();
  const [first, second] = [rig.accept(1), rig.accept(2)];
  assertEquals([first.remoteAddr.port, first.localAddr.port, rig.thread.socketCount], [5000, 1935, 2]);
  const [readFirst, readSecond] = [first.read(new Uint8Array(4)), second.read(new Uint8Array(4))];
  rig.worker.say(ThreadRecord.Data, 2, { text: "abc" });
  rig.worker.say(ThreadRecord.Data, 1, { text: "d" });
  rig.worker.say(ThreadRecord.Data, 99, { text: "nobody" });
  assertEquals([await readFirst, await readSecond], [1, 3]);
  first.close();
  assertEquals(rig.thread.socketCount, 1);
  rig.thread.stop();
});

Deno.test("ThreadHandle shares memory once, and lets go of it when it is not used for some ticks", async () => {
  const rig = new Rig();
  const memory = new SharedArrayBuffer(8);
  const id = rig.thread.idOf(memory);
  assertEquals([rig.thread.idOf(memory), rig.worker.shared.length], [id, 1]);
  for (let tick = 0; tick < 3; tick++) rig.thread.tick();
  await sleep(10);
  assertEquals(rig.worker.kinds().includes(ThreadRecord.Forget), false);
  rig.thread.tick();
  await sleep(10);
  assertEquals(rig.worker.told.filter(({ kind }) => kind === ThreadRecord.Forget).map(({ id }) => id), [id]);
  assertEquals(rig.thread.idOf(memory) === id, false);
  assertEquals(rig.worker.shared.length, 2);
  rig.thread.stop();
});

Deno.test("ThreadHandle that ends by an error takes its sockets with it, and is told of once", async () => {
  const rig = new Rig();
  const socket = rig.accept(1);
  const read = socket.read(new Uint8Array(1));
  const event = new ErrorEvent("error", { message: "boom", cancelable: true });
  rig.worker.onerror?.call(rig.worker as never, event);
  rig.worker.onerror?.call(rig.worker as never, event);
  await assertRejects(() => read, Deno.errors.ConnectionReset);
  await assertRejects(() => socket.write(new Uint8Array(1)), Deno.errors.ConnectionReset);
  assertEquals(rig.deaths, ["boom"]);
  assertEquals([event.defaultPrevented, rig.worker.terminated], [true, 1]);
});

Deno.test("ThreadHandle that says nothing for ten ticks hangs; one that answers does not", () => {
  const rig = new Rig();
  for (let tick = 0; tick < 30; tick++) {
    rig.thread.tick();
    rig.worker.say(ThreadRecord.Pong, 0);
  }
  assertEquals(rig.deaths, []);
  for (let tick = 0; tick < 10; tick++) rig.thread.tick();
  assertEquals(rig.deaths, []);
  rig.thread.tick();
  assertEquals([rig.deaths, rig.held, rig.worker.terminated], [["no answer to 10 pings"], [], 1]);
});

Deno.test("ThreadHandle reports listeners that do not work", () => {
  const rig = new Rig();
  rig.worker.say(ThreadRecord.ListenFailed, 1, { text: "AddrInUse\nAddress already in use" });
  assertMatch(rig.troubles.join(), /^cannot listen: Address already in use$/);
  rig.thread.stop();
});
