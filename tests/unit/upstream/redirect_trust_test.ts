import { mayLeadTo, namerOf } from "../../../src/upstream/redirect_trust.ts";
import { assertEquals } from "../../kit/assert.ts";

const publicHosts = [
  "64:ff9b::808:808",
  "8.8.8.8",
  "203.0.113.5",
  "2001:db8::1",
  "172.32.0.1",
  "100.128.0.1",
  "11.0.0.1",
];
const privateHosts = ["10.0.0.1", "192.168.1.1", "172.16.0.1", "172.31.255.1", "100.64.0.1", "fd00::1", "fc12::1"];
const names = ["origin-b.example.com", "localhost.example.com", "fec0::1"];
const loopback = [
  "127.0.0.1",
  "127.255.255.254",
  "::1",
  "::ffff:127.0.0.1",
  "localhost",
  "LOCALHOST",
  "127.1",
  "0x7f000001",
  "::ffff:7f00:1",
  "64:ff9b::7f00:1",
];
const linkLocal = [
  "169.254.169.254",
  "::ffff:a9fe:a9fe",
  "169.254.0.1",
  "::ffff:169.254.169.254",
  "fe80::1",
  "FE80::1",
  "fe80::1%eth0",
  "febf::1",
  "2852039166",
  "64:ff9b::169.254.169.254",
  "64:FF9B:0::a9fe:a9fe",
  "100.100.100.200",
  "168.63.129.16",
  "192.0.0.192",
  "fd00:ec2::254",
  "FD00:0EC2::0254",
  "::ffff:100.100.100.200",
];
const unspecified = ["0.0.0.0", "0.1.2.3", "::", "::ffff:0.0.0.0", "0", "0:0::0"];

const groups = { elsewhere: [...publicHosts, ...names], private: privateHosts, loopback, linkLocal, unspecified };

const rules: [from: string, hosts: readonly string[], leadsTo: readonly (keyof typeof groups)[]][] = [
  ["a public server", [...publicHosts, "", ...names], ["elsewhere", "private"]],
  ["a server of a private network", privateHosts, ["elsewhere", "private", "loopback"]],
  ["a server of this machine", loopback, ["elsewhere", "private", "loopback"]],
  ["a server of this link", linkLocal, ["elsewhere", "private", "loopback", "linkLocal"]],
];

for (const [who, hosts, leadsTo] of rules) {
  Deno.test(`mayLeadTo() lets ${who} lead to: ${leadsTo.join(", ")}; nowhere else`, () => {
    for (const from of hosts) {
      for (const [group, targets] of Object.entries(groups)) {
        const expected = leadsTo.some((each) => each === group);
        for (const to of targets) assertEquals(mayLeadTo(from, to), expected, `${from} to ${to}`);
      }
    }
  });
}

Deno.test("namerOf() takes the host of an API, and trusts a configured name as this machine", () => {
  assertEquals(["10.0.0.1:1985", "[fe80::1]:1985", "origin-b:1985", "origin-b"].map(namerOf), [
    "10.0.0.1",
    "fe80::1",
    "localhost",
    "localhost",
  ]);
});

Deno.test("namerOf() takes the host of an engine out of its URL", () => {
  const urls = [
    "redis://10.0.0.5:6379",
    "redis://10.0.0.5:6379/0",
    "rediss://cache.lan:6380",
    "redis+sentinel://10.0.0.5:1,h2:2/m",
  ];
  assertEquals(urls.map(namerOf), ["10.0.0.5", "10.0.0.5", "localhost", "10.0.0.5"]);
});
