import { systemWorld } from "../../../src/net/system_world.ts";
import { assert, assertEquals } from "../../kit/assert.ts";
import { TcpListener } from "../../../src/net/tcp_listener.ts";
import type { ListenerSocket } from "../../../src/base/socket.ts";

/** A socket whose every accept fails, as with too many open files. */
class FailingSocket implements ListenerSocket {
  readonly addr: Deno.NetAddr = { transport: "tcp", hostname: "127.0.0.1", port: 1935 };
  accepts = 0;
  closed = false;

  accept(): Promise<Deno.TcpConn> {
    this.accepts++;
    return Promise.reject(this.closed ? new Deno.errors.BadResource() : new Error("Too many open files (os error 24)"));
  }

  close(): void {
    this.closed = true;
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

Deno.test("TcpListener.serve backs off when accept fails and reports at most once a second", async () => {
  const socket = new FailingSocket();
  const listener = new TcpListener(socket, systemWorld);
  const reports: number[] = [];
  const served = listener.serve(() => assert(false), { onAcceptError: (_error, count) => reports.push(count) });
  await sleep(300);
  assertEquals(reports, [1]);
  assert(socket.accepts >= 2 && socket.accepts <= 10, `${socket.accepts} tries in 300 ms`);
  await sleep(1000);
  assertEquals(reports.length, 2);
  assert((reports[1] ?? 0) > 5, "the second report counts the failures since the first");
  listener.close();
  await served;
});

Deno.test("TcpListener.close ends serve in the middle of a back-off, and may be called again", async () => {
  const listener = new TcpListener(new FailingSocket(), systemWorld);
  const served = listener.serve(() => assert(false), { onAcceptError: () => {} });
  await sleep(5);
  listener.close();
  listener[Symbol.dispose]();
  await served;
});
