import { TcpConn } from "../../../src/net/tcp_conn.ts";
import { WritePump } from "../../../src/net/write_pump.ts";
import { assertEquals, assertThrows } from "../../kit/assert.ts";
import { MemoryNetwork } from "../../kit/memory/memory_network.ts";

Deno.test("WritePump sends the last words of a source that has failed", async () => {
  const network = new MemoryNetwork();
  const [near, far] = [network.host("10.0.0.1"), network.host("10.0.0.2")];
  const listener = far.listen({ host: "10.0.0.2", port: 1935 });
  const socket = await near.connect({ host: "10.0.0.2", port: 1935 }, new AbortController().signal);
  const words: (Uint8Array | Error)[] = [new Error("no more media"), new Uint8Array([1, 2])];
  const pump = new WritePump(new TcpConn(socket, near), {
    next() {
      const word = words.shift() ?? null;
      if (word instanceof Error) throw word;
      return word;
    },
    onWriteError() {},
  });
  assertThrows(() => pump.wake(), Error, "no more media");
  pump.wake();
  const buffer = new Uint8Array(8);
  assertEquals(await (await listener.accept()).read(buffer), 2);
  listener.close();
});
