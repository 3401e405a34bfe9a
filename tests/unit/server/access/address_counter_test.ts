import { AddressCounter } from "../../../../src/server/access/address_counter.ts";
import { assertEquals } from "../../../kit/assert.ts";

const off = { maxConnectionsPerIp: 0, connectRatePerIp: 0 };

Deno.test("AddressCounter lets everybody in without limits, and forgets them", () => {
  const counter = new AddressCounter();
  for (let i = 0; i < 100; i++) assertEquals(counter.enter("1.2.3.4", 0, off), null);
  for (let i = 0; i < 100; i++) counter.leave("1.2.3.4");
  counter.sweep(9_999);
  assertEquals(counter.size, 1);
  counter.sweep(10_000);
  assertEquals(counter.size, 0);
});

Deno.test("AddressCounter bounds the connections of one address at one time", () => {
  const counter = new AddressCounter();
  const limits = { maxConnectionsPerIp: 2, connectRatePerIp: 0 };
  const enter = (ip: string) => counter.enter(ip, 0, limits);
  assertEquals([enter("1.2.3.4"), enter("1.2.3.4"), enter("1.2.3.4"), enter("1.2.3.5")], [
    null,
    null,
    "max_connections_per_ip",
    null,
  ]);
  counter.leave("1.2.3.4");
  assertEquals([enter("1.2.3.4"), enter("1.2.3.4")], [null, "max_connections_per_ip"]);
});

Deno.test("AddressCounter counts what came before a limit was set", () => {
  const counter = new AddressCounter();
  for (let i = 0; i < 3; i++) counter.enter("1.2.3.4", 0, off);
  assertEquals(counter.enter("1.2.3.4", 0, { maxConnectionsPerIp: 3, connectRatePerIp: 0 }), "max_connections_per_ip");
});

Deno.test("AddressCounter bounds how often one address comes, with room for a burst", () => {
  const counter = new AddressCounter();
  const limits = { maxConnectionsPerIp: 0, connectRatePerIp: 2 };
  const come = (ms: number) => {
    const hit = counter.enter("1.2.3.4", ms, limits);
    if (hit === null) counter.leave("1.2.3.4");
    return hit;
  };
  for (let i = 0; i < 20; i++) assertEquals(come(i), null);
  assertEquals([come(20), come(9_999), come(10_000), come(10_001)], [
    "connect_rate_per_ip",
    "connect_rate_per_ip",
    null,
    null,
  ]);
});

Deno.test("AddressCounter takes an IPv6 network of 64 bits for one address", () => {
  const counter = new AddressCounter();
  const limits = { maxConnectionsPerIp: 1, connectRatePerIp: 0 };
  const enter = (ip: string) => counter.enter(ip, 0, limits);
  assertEquals([enter("2001:db8::1"), enter("2001:db8::ffff:0:0:1"), enter("2001:db8:0:1::1")], [
    null,
    "max_connections_per_ip",
    null,
  ]);
  counter.leave("2001:db8::99");
  assertEquals(enter("2001:db8::2"), null);
});

Deno.test("AddressCounter takes an IPv4 address written in IPv6 for the same address", () => {
  const counter = new AddressCounter();
  const enter = (ip: string) => counter.enter(ip, 0, { maxConnectionsPerIp: 1, connectRatePerIp: 0 });
  assertEquals([enter("::ffff:192.0.2.1"), enter("192.0.2.1"), enter("::ffff:192.0.2.2")], [
    null,
    "max_connections_per_ip",
    null,
  ]);
});

Deno.test("AddressCounter remembers no more addresses than it can, however many come", () => {
  const counter = new AddressCounter();
  for (let i = 0; i < 70_000; i++) {
    const ip = `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`;
    counter.enter(ip, 0, off);
    counter.leave(ip);
  }
  counter.enter("9.9.9.9", 0, off);
  counter.sweep(1000);
  assertEquals(counter.size, 65_537);
  counter.sweep(10_000);
  assertEquals(counter.size, 1);
});
