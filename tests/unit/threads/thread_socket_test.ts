import { assert, assertEquals, assertRejects } from "../../kit/assert.ts";
import { encodeUtf8 } from "../../../src/base/bytes.ts";
import { TailToThread } from "../../../src/threads/main/tail_to_thread.ts";
import { ThreadSocket } from "../../../src/threads/main/thread_socket.ts";
import { errorText } from "../../../src/threads/protocol/error_text.ts";
import { ThreadLink } from "../../../src/threads/protocol/thread_link.ts";
import { forEachRecord, type RecordFields, ThreadRecord } from "../../../src/threads/protocol/thread_records.ts";

const address: Deno.NetAddr = { transport: "tcp", hostname: "127.0.0.1", port: 1 };
const nothing = new Uint8Array(0);

/** A socket, and what the other thread was told. */
class Rig implements Disposable {
  readonly told: RecordFields[] = [];
  messages = 0;
  closed = 0;
  readonly memory = new Map<SharedArrayBuffer, number>();
  readonly link = new ThreadLink({ postMessage: (message) => this.#onMessage(message as ArrayBuffer) });
  readonly book = { idOf: (memory: ArrayBufferLike) => this.#idOf(memory) };
  readonly socket = new ThreadSocket(7, { remoteAddr: address, localAddr: address }, {
    link: this.link,
    memory: this.book,
    toThread: (tail) => new TailToThread(3, tail, { link: this.link, memory: this.book }),
    onClose: () => this.closed++,
  });

  [Symbol.dispose](): void {
    this.link.close();
  }

  answer(kind: number, x = 0, payload: Uint8Array = nothing): void {
    this.socket.onRecord({ kind, id: 7, x, y: 0, z: 0, payload });
  }

  #idOf(memory: ArrayBufferLike): number | null {
    if (!(memory instanceof SharedArrayBuffer)) return null;
    const id = this.memory.get(memory) ?? this.memory.size + 1;
    this.memory.set(memory, id);
    return id;
  }

  #onMessage(message: ArrayBuffer): void {
    this.messages++;
    forEachRecord(message, (record) => this.told.push({ ...record, payload: record.payload.slice() }));
  }
}

Deno.test("ThreadSocket.read asks for as much as the buffer takes and fills it with what comes", async () => {
  using rig = new Rig();
  const buffer = new Uint8Array(10);
  const read = rig.socket.read(buffer);
  await Promise.resolve();
  assertEquals(rig.told, [{ kind: ThreadRecord.Read, id: 7, x: 10, y: 0, z: 0, payload: nothing }]);
  rig.answer(ThreadRecord.Data, 0, Uint8Array.of(1, 2, 3));
  assertEquals(await read, 3);
  assertEquals(buffer.subarray(0, 4), Uint8Array.of(1, 2, 3, 0));
  const last = rig.socket.read(buffer);
  rig.answer(ThreadRecord.End);
  assertEquals(await last, null);
});

Deno.test("ThreadSocket.write tells where shared memory stands, and copies other bytes up to a bound", async () => {
  using rig = new Rig();
  const shared = new Uint8Array(new SharedArrayBuffer(100), 20, 30);
  const first = rig.socket.write(shared);
  await Promise.resolve();
  assertEquals(rig.told, [{ kind: ThreadRecord.WriteShared, id: 7, x: 1, y: 20, z: 30, payload: nothing }]);
  rig.answer(ThreadRecord.Written, 12);
  assertEquals(await first, 12);
  const big = new Uint8Array(100_000).fill(5);
  const second = rig.socket.write(big);
  await new Promise((resolve) => setTimeout(resolve, 10));
  assertEquals(rig.told[1]!.payload, big.subarray(0, 65_536));
  rig.answer(ThreadRecord.Written, 65_536);
  assertEquals(await second, 65_536);
});

Deno.test("ThreadSocket.setNoDelay tells of changes only: at first it is on", async () => {
  using rig = new Rig();
  for (const on of [true, false, false, true]) rig.socket.setNoDelay(on);
  await Promise.resolve();
  assertEquals(rig.told.map(({ kind, x }) => [kind, x]), [[ThreadRecord.NoDelay, 0], [ThreadRecord.NoDelay, 1]]);
});

Deno.test("ThreadSocket: errors keep the class by which a caller knows the end of a connection", async () => {
  using rig = new Rig();
  const read = rig.socket.read(new Uint8Array(1));
  rig.answer(ThreadRecord.ReadFailed, 0, encodeUtf8(errorText(new Deno.errors.ConnectionReset("reset\nby peer"))));
  await assertRejects(() => read, Deno.errors.ConnectionReset, "reset\nby peer");
  const write = rig.socket.write(new Uint8Array(1));
  rig.answer(ThreadRecord.WriteFailed, 0, encodeUtf8(errorText(new TypeError("odd"))));
  await assertRejects(() => write, Error, "TypeError: odd");
});

Deno.test("ThreadSocket.close ends what is under way, once, and nothing is asked for after it", async () => {
  using rig = new Rig();
  const read = rig.socket.read(new Uint8Array(1));
  const write = rig.socket.write(new Uint8Array(1));
  rig.socket.close();
  rig.socket.close();
  await assertRejects(() => read, Deno.errors.BadResource);
  await assertRejects(() => write, Deno.errors.BadResource);
  await assertRejects(() => rig.socket.read(new Uint8Array(1)), Deno.errors.BadResource);
  await assertRejects(() => rig.socket.write(new Uint8Array(1)), Deno.errors.BadResource);
  await rig.socket.closeWrite();
  assertEquals(rig.closed, 1);
  await new Promise((resolve) => setTimeout(resolve, 10));
  assertEquals(rig.told.map(({ kind }) => kind), [ThreadRecord.Read, ThreadRecord.WriteBytes, ThreadRecord.Close]);
  // An answer that was on its way.
  rig.answer(ThreadRecord.Written, 1);
});

Deno.test("ThreadLink: what comes soon after a message leaves together, in order", async () => {
  using rig = new Rig();
  rig.socket.read(new Uint8Array(3)).catch(() => {});
  await Promise.resolve();
  assertEquals(rig.messages, 1);
  for (let i = 0; i < 50; i++) rig.socket.closeWrite();
  await Promise.resolve();
  assertEquals(rig.messages, 1);
  rig.socket.close();
  await new Promise((resolve) => setTimeout(resolve, 20));
  assertEquals(rig.messages, 2);
  assertEquals(rig.told.length, 52);
  assertEquals(rig.told.at(-1)!.kind, ThreadRecord.Close);
  assert(rig.told.slice(1, -1).every(({ kind }) => kind === ThreadRecord.CloseWrite));
});
