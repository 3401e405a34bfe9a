import { assertEquals } from "../../kit/assert.ts";
import { isPrivateIpv4, mainAddress } from "../../../src/base/local_address.ts";

const machines: [name: string, addresses: string[], expected: string][] = [
  ["the first private one", ["127.0.0.1", "8.8.8.8", "192.168.1.5", "10.0.0.1"], "192.168.1.5"],
  ["a public one when there is no other", ["127.0.0.1", "8.8.8.8"], "8.8.8.8"],
  ["this machine when there is nothing else", ["127.0.0.1", "fe80::1"], "127.0.0.1"],
  ["this machine when nothing is known", [], "127.0.0.1"],
];

for (const [name, addresses, expected] of machines) {
  Deno.test(`mainAddress takes ${name}`, () => {
    const list = addresses.map((address) => ({
      name: "eth0",
      family: address.includes(":") ? "IPv6" as const : "IPv4" as const,
      address,
    }));
    assertEquals(mainAddress(list), expected);
  });
}

Deno.test("isPrivateIpv4 knows the private networks and their borders", () => {
  const inside = ["10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.0.1", "127.0.0.1", "169.254.1.1"];
  const outside = ["11.0.0.1", "172.15.0.1", "172.32.0.1", "192.169.0.1", "1.10.0.1", "8.8.8.8"];
  assertEquals(inside.filter(isPrivateIpv4), inside);
  assertEquals(outside.filter(isPrivateIpv4), []);
});
