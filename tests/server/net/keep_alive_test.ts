/** Connections whose peers may be gone without a word: the kernel is to find out, on every way in. */
import { listenHere, listenWithOthers } from "../../../src/net/tcp_listener.ts";
import { listenTlsHere } from "../../../src/net/tls/listener.ts";
import { assertEquals, assertGreater } from "../../kit/assert.ts";
import { tlsPair } from "../../kit/tls_files.ts";

const ignore = Deno.build.os !== "linux";
const address = { host: "127.0.0.1", port: 0 };
const HZ = 100;

const listeners = {
  "TCP": () => listenHere(address),
  "TCP of several threads": () => listenWithOthers(address),
  "TLS": () => listenTlsHere({ ...address, keys: tlsPair("server"), onHandshakeError: () => {} }),
};

/** Kind and end of the timer of a connection's accepted side: 2 is keep-alive. Source: proc_net_tcp.txt of Linux. */
function timerOf(localPort: number, remotePort: number): [kind: number, leftS: number] {
  const hex = (port: number) => port.toString(16).toUpperCase().padStart(4, "0");
  const lines = Deno.readTextFileSync("/proc/net/tcp").split("\n").map((line) => line.trim().split(/\s+/));
  const found = lines.find(([, local, remote]) =>
    local?.endsWith(`:${hex(localPort)}`) && remote?.endsWith(`:${hex(remotePort)}`)
  );
  const [kind = "", ticks = ""] = found?.[5]?.split(":") ?? [];
  return [parseInt(kind, 16), parseInt(ticks, 16) / HZ];
}

for (const [what, listen] of Object.entries(listeners)) {
  Deno.test(`a connection by ${what} is looked after while nothing is said on it`, { ignore }, async () => {
    const listener = listen();
    const { port } = listener.addr;
    using peer = await Deno.connect({ hostname: "127.0.0.1", port });
    const [kind, leftS] = timerOf(port, peer.localAddr.port);
    assertEquals(kind, 2);
    assertGreater(leftS, 40);
    assertGreater(61, leftS);
    listener.close();
  });
}
