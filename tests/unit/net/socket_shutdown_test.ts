import { assertEquals } from "../../kit/assert.ts";
import { canonicalIp, shutdownSockets } from "../../../src/net/socket_shutdown.ts";

const spellings: [string, string][] = [
  ["127.0.0.1", "127.0.0.1"],
  ["::1", "::1"],
  ["0:0:0:0:0:0:0:1", "::1"],
  ["2001:DB8:0:0::0042", "2001:db8::42"],
  ["::ffff:192.0.2.7", "192.0.2.7"],
  ["::ffff:c000:0207", "192.0.2.7"],
  ["fe80::1%eth0", "fe80::1"],
  ["not an address", "not an address"],
  ["also:not", "also:not"],
];

for (const [ip, canonical] of spellings) {
  Deno.test(`canonicalIp: ${ip}`, () => assertEquals(canonicalIp(ip), canonical));
}

Deno.test("shutdownSockets() leaves everything alone when no socket has the address", () => {
  const address = { localIp: "127.0.0.1", localPort: 1, remoteIp: "127.0.0.1", remotePort: 2 };
  assertEquals(shutdownSockets([address]), 0);
});
