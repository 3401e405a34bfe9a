import { assertEquals } from "../kit/assert.ts";
import { isIpv4, isIpv6, parseHostPort, parseListenAddress } from "../../src/config/address.ts";

const listens: [text: string, host: string | null, port?: number][] = [
  ["1935", "0.0.0.0", 1935],
  ["127.0.0.1:1935", "127.0.0.1", 1935],
  ["0.0.0.0:1", "0.0.0.0", 1],
  ["[::]:1935", "::", 1935],
  ["[2001:db8::1]:65535", "2001:db8::1", 65535],
  ["::1:1935", "::1", 1935],
  ["localhost:1935", null],
  ["a.com:1935", null],
  ["256.0.0.1:1935", null],
  ["1.2.3:1935", null],
  ["[1.2.3.4]:1935", "1.2.3.4", 1935],
  ["[::1]", null],
  [":1935", null],
  ["127.0.0.1", null],
  ["127.0.0.1:", null],
  ["0", null],
  ["65536", null],
  ["-1", null],
  ["19x", null],
  ["", null],
  ["1.2.3.4:0", null],
  ["1.2.3.4:99999999999", null],
];

for (const [text, host, port = 0] of listens) {
  Deno.test(`parseListenAddress reads ${JSON.stringify(text)}`, () => {
    assertEquals(parseListenAddress(text), host === null ? null : { host, port, text });
  });
}

const hosts: [text: string, host: string | null, port?: number][] = [
  ["127.0.0.1:19351", "127.0.0.1", 19351],
  ["127.0.0.1", "127.0.0.1"],
  ["a-b.example_1.com:1935", "a-b.example_1.com", 1935],
  ["localhost", "localhost"],
  ["[::1]:1935", "::1", 1935],
  ["[::1]", "::1"],
  ["a.com:x", null],
  ["a.com:", null],
  ["a.com:0", null],
  ["rtmp://a.com", null],
  ["a.com/live", null],
  ["a b", null],
  ["", null],
];

for (const [text, host, port] of hosts) {
  Deno.test(`parseHostPort reads ${JSON.stringify(text)}`, () => {
    assertEquals(parseHostPort(text), host === null ? null : { host, port: port ?? null, text });
  });
}

Deno.test("isIpv4 and isIpv6 accept addresses and nothing near them", () => {
  const good4 = ["0.0.0.0", "255.255.255.255", "10.1.2.3"];
  const bad4 = ["", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.-4", "1.2.3.4 "];
  const good6 = ["::", "::1", "fe80::1", "1:2:3:4:5:6:7:8", "::ffff:1.2.3.4"];
  const bad6 = ["", ":", "1:2", ":::", "1:2:3:4:5:6:7:8:9", "g::1", "::1%eth0", "::1]/", "12345::"];
  assertEquals([...good4, ...bad4].filter(isIpv4), good4);
  assertEquals([...good6, ...bad6].filter(isIpv6), good6);
});
