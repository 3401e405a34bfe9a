import { assertEquals } from "../../../kit/assert.ts";
import { clientAddress } from "../../../../src/http/access/client_address.ts";

const trusted = ["127.0.0.1", "10.0.0.0/8", "fd00::/8"];

const cases: [why: string, peerIp: string, forwarded: string | null, expected: string][] = [
  ["no header", "127.0.0.1", null, "127.0.0.1"],
  ["a proxy names its client", "127.0.0.1", "203.0.113.7", "203.0.113.7"],
  ["a peer that is no proxy is not believed", "198.51.100.1", "203.0.113.7", "198.51.100.1"],
  ["what a client sent itself stands further left", "127.0.0.1", "127.0.0.1, 9.9.9.9,203.0.113.7", "203.0.113.7"],
  ["proxies behind each other", "127.0.0.1", "9.9.9.9, 203.0.113.7, 10.1.2.3", "203.0.113.7"],
  ["nothing but proxies", "127.0.0.1", "10.0.0.2, 10.0.0.1", "10.0.0.2"],
  ["a proxy that does not know", "127.0.0.1", "9.9.9.9, unknown", "127.0.0.1"],
  ["garbage after a proxy", "127.0.0.1", "9.9.9.9, evil\u00e9, 10.0.0.1", "10.0.0.1"],
  ["an empty header", "127.0.0.1", "", "127.0.0.1"],
  ["a port", "127.0.0.1", "203.0.113.7:5123", "203.0.113.7"],
  ["IPv6", "fd00::1", "2001:DB8:0:0::5", "2001:db8::5"],
  ["IPv6 with a port", "fd00::1", "[2001:db8::5]:80", "2001:db8::5"],
  ["IPv4 in IPv6 is IPv4", "127.0.0.1", "::ffff:203.0.113.7", "203.0.113.7"],
];

for (const [why, peerIp, forwarded, expected] of cases) {
  Deno.test(`clientAddress: ${why}`, () => {
    const headers = new Headers(forwarded === null ? {} : { "x-forwarded-for": forwarded });
    assertEquals(clientAddress(peerIp, headers, trusted), expected);
    assertEquals(clientAddress(peerIp, headers, []), peerIp, "nobody is believed by default");
  });
}
