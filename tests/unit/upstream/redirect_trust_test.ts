import { mayFollow, mayName } from "../../../src/upstream/redirect_trust.ts";
import { assertEquals } from "../../assert.ts";

const publicIps = ["8.8.8.8", "203.0.113.5", "2001:db8::1", "172.32.0.1", "100.128.0.1", "11.0.0.1", ""];
const privateIps = ["10.0.0.1", "192.168.1.1", "172.16.0.1", "172.31.255.1", "100.64.0.1", "fd00::1", "fc12::1"];
const ownIps = ["127.0.0.1", "127.9.9.9", "::1"];
const local = [
  "127.0.0.1",
  "127.255.255.254",
  "169.254.169.254",
  "0.0.0.0",
  "::1",
  "::",
  "::ffff:127.0.0.1",
  "fe80::1",
  "FE80::1",
  "febf::1",
  "localhost",
  "LOCALHOST",
];
const elsewhere = [
  ...publicIps.slice(0, -1),
  ...privateIps,
  "origin-b.example.com",
  "fec0::1",
  "localhost.example.com",
];

Deno.test("mayFollow() follows a public server anywhere but to this machine and its link", () => {
  for (const from of publicIps) {
    for (const to of elsewhere) assertEquals(mayFollow(from, to), true, `${from} to ${to}`);
    for (const to of local) assertEquals(mayFollow(from, to), false, `${from} to ${to}`);
  }
});

Deno.test("mayFollow() follows servers of a private network and of this machine anywhere", () => {
  for (const from of [...privateIps, ...ownIps]) {
    for (const to of [...elsewhere, ...local]) assertEquals(mayFollow(from, to), true, `${from} to ${to}`);
  }
});

Deno.test("mayName() keeps a public coworker from naming this machine as the owner of a stream", () => {
  const cases: [coworker: string, ownerIp: string, expected: boolean][] = [
    ["203.0.113.9:1985", "127.0.0.1", false],
    ["203.0.113.9:1985", "169.254.169.254", false],
    ["203.0.113.9:1985", "10.0.0.2", true],
    ["[2001:db8::1]:1985", "::1", false],
    ["[2001:db8::1]:1985", "fd00::1", true],
    ["[::1]:1985", "127.0.0.1", true],
    ["10.0.0.1:1985", "127.0.0.1", true],
    ["127.0.0.1:1985", "127.0.0.1", true],
    ["origin-b:1985", "127.0.0.1", true],
  ];
  for (const [coworker, ownerIp, expected] of cases) {
    assertEquals(mayName(coworker, ownerIp), expected, `${coworker} names ${ownerIp}`);
  }
});
