import { answerOwner, type OwnerQuestion } from "../../../../src/cluster/mesh/ownership.ts";
import { loadConfig, requireConfig } from "../../../../src/config/mod.ts";
import { SourceManager } from "../../../../src/stream/source_manager.ts";
import { assertEquals } from "../../../kit/assert.ts";
import { ManualTimers } from "../../../kit/memory/manual_timers.ts";
import { sourceOptions } from "../../../kit/media/packets.ts";

function configOf(text: string) {
  return requireConfig(loadConfig({ path: "t.conf", text }));
}

const plain = "listen 1935; http_api { enabled on; listen 1985; } vhost __defaultVhost__ { }";
const question: OwnerQuestion = { ip: "10.9.9.9", vhost: "x.com", app: "live", stream: "s", coworker: "10.0.0.1:1985" };

/** Answers with these streams being published. */
function answer(
  text: string,
  asked: Partial<OwnerQuestion> = {},
  published: string[] = ["/live/s"],
  isDraining = false,
) {
  const sources = new SourceManager(new ManualTimers());
  for (const key of published) sources.findOrCreate(key, () => sourceOptions).startPublish("client");
  return answerOwner({ ...question, ...asked }, {
    config: configOf(text),
    sources,
    fallbackIp: () => "192.168.7.7",
    publisher: () => ({ sinceMs: 1_700_000_000_000, epoch: 1_700_000_000_001, silentMs: () => 0 }),
    isDraining,
  });
}

Deno.test("answerOwner() has SRS's members, and how long the publisher was silent", () => {
  assertEquals(answer(plain), {
    ip: "10.0.0.1",
    port: 1935,
    vhost: "__defaultVhost__",
    api: "10.0.0.1:1985",
    routers: ["10.0.0.1:1985"],
    silent_ms: 0,
    since_ms: 1_700_000_000_000,
    epoch: 1_700_000_000_001,
  });
});

const ipCases: { name: string; text: string; coworker?: string; ip: string; port?: number }[] = [
  {
    name: "1: the first listen, if it says an address",
    text: plain.replace("1935", "10.5.5.5:1936 1937"),
    ip: "10.5.5.5",
    port: 1936,
  },
  { name: "1: an IPv6 one too", text: plain.replace("1935", "[fd00::5]:1935"), ip: "fd00::5" },
  { name: "1: not the loopback address", text: plain.replace("1935", "127.0.0.1:1935"), ip: "10.0.0.1" },
  { name: "1: not all addresses", text: plain.replace("1935", "0.0.0.0:1935"), ip: "10.0.0.1" },
  { name: "1: not all IPv6 addresses", text: plain.replace("1935", "[::]:1935"), ip: "10.0.0.1" },
  { name: "2: the host by which the asker knows this server", text: plain, coworker: "origin-a:1985", ip: "origin-a" },
  { name: "2: without a port", text: plain, coworker: "origin-a", ip: "origin-a" },
  { name: "2: IPv6 in brackets", text: plain, coworker: "[fd00::1]:1985", ip: "fd00::1" },
  { name: "3: an address of this machine", text: plain, coworker: "", ip: "192.168.7.7" },
  { name: "3: in place of what is no host", text: plain, coworker: "a b/../c:1", ip: "192.168.7.7" },
  { name: "3: in place of a port alone", text: plain, coworker: ":1985", ip: "192.168.7.7" },
  { name: "advertise before all", text: `advertise 1.2.3.4; ${plain}`, ip: "1.2.3.4" },
  { name: "advertise with a port", text: `advertise 1.2.3.4:99; ${plain}`, ip: "1.2.3.4", port: 99 },
];

for (const { name, text, coworker = question.coworker, ip, port = 1935 } of ipCases) {
  Deno.test(`answerOwner() takes its ip by rule ${name}`, () => {
    const owner = answer(text, { coworker });
    assertEquals([owner?.ip, owner?.port], [ip, port]);
  });
}

const api = (listen: string) => answer(plain.replace("1985", listen))?.api;

Deno.test("answerOwner() puts the ip before an api that is a port alone", () => {
  assertEquals(api("1985"), "10.0.0.1:1985");
  assertEquals(api("10.4.4.4:1985"), "10.4.4.4:1985");
});

const vhosts = `${plain} vhost a.com { } vhost off.com { enabled off; }`;

const lookUps: { name: string; text?: string; asked?: Partial<OwnerQuestion>; published?: string[]; found: boolean }[] =
  [
    { name: "not one that nobody publishes", published: [], found: false },
    { name: "not another app", asked: { app: "other" }, found: false },
    { name: "without the extension of an HTTP mount", asked: { stream: "s.flv" }, found: true },
    { name: "in the default vhost, for names it has no vhost of", asked: { vhost: "" }, found: true },
    { name: "not of the default vhost in another", text: vhosts, asked: { vhost: "a.com" }, found: false },
    {
      name: "in the vhost asked for",
      text: vhosts,
      asked: { vhost: "a.com" },
      published: ["a.com/live/s"],
      found: true,
    },
    {
      name: "not in a vhost that is off",
      text: vhosts,
      asked: { vhost: "off.com" },
      published: ["off.com/live/s"],
      found: false,
    },
    { name: "not without any vhost", text: "listen 1935;", found: false },
  ];

for (const { name, text = plain, asked = {}, published = ["/live/s"], found } of lookUps) {
  Deno.test(`answerOwner() finds a stream ${name}`, () => assertEquals(answer(text, asked, published) !== null, found));
}

Deno.test("answerOwner() does not take a player for a publisher; an edge's pull counts", () => {
  const edge = "listen 1935; vhost __defaultVhost__ { cluster { mode remote; origin 10.0.0.1; } }";
  const sources = new SourceManager(new ManualTimers());
  const source = sources.findOrCreate("/live/s", () => sourceOptions);
  source.attach({ wake() {}, onPublishChange() {} });
  const ask = () =>
    answerOwner(question, {
      config: configOf(edge),
      sources,
      fallbackIp: () => "",
      publisher: () => null,
      isDraining: false,
    });
  assertEquals(ask(), null);
  const feed = source.startPublish("upstream");
  assertEquals(ask()?.port, 1935);
  feed[Symbol.dispose]();
  assertEquals(ask(), null);
});
