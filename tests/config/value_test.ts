import { assertEquals } from "../kit/assert.ts";
import { type Config, loadConfig } from "../../src/config/mod.ts";
import { readCNumber } from "../../src/config/values/number.ts";

/** Loads with `inside` in a vhost besides what the top level needs; messages without place. */
function load(top: string, vhost = ""): { config: Config; messages: string[] } {
  const text = `${top.includes("listen") ? "" : "listen 1935;\n"}${top}\nvhost a {\n${vhost}\n}\n`;
  const { config, problems } = loadConfig({ path: "x.conf", text });
  return { config, messages: problems.map((p) => `${p.severity}: ${p.message}`) };
}

const numbers: [text: string, whole: number, fraction: number, plain: boolean][] = [
  ["350", 350, 350, true],
  ["350ms", 350, 350, false],
  ["-5", -5, -5, true],
  ["+5", 5, 5, true],
  ["-0", 0, 0, true],
  ["9.3", 9, 9.3, false],
  ["1e3", 1, 1000, false],
  [".5", 0, 0.5, false],
  ["abc", 0, 0, false],
  ["", 0, 0, false],
  ["0x10", 0, 0, false],
];

for (const [text, whole, fraction, plain] of numbers) {
  Deno.test(`readCNumber reads ${JSON.stringify(text)} as C does`, () => {
    assertEquals([readCNumber(text, false).value, readCNumber(text, true).value], [whole, fraction]);
    assertEquals(readCNumber(text, false).plain, plain);
  });
}

const switches: [word: string, offByDefault: boolean, onByDefault: boolean, warns: boolean][] = [
  ["on", true, true, false],
  ["off", false, false, false],
  ["yes", false, true, true],
  ["true", false, true, true],
  ["1", false, true, true],
  ["no", false, true, true],
  ["ON", false, true, true],
];

for (const [word, offByDefault, onByDefault, warns] of switches) {
  Deno.test(`a switch set to "${word}" follows SRS's rule of its default`, () => {
    const { config, messages } = load("", `min_latency ${word}; play { gop_cache ${word}; }`);
    const vhost = config.vhosts[0];
    assertEquals([vhost?.minLatency, vhost?.play.gopCache], [offByDefault, onByDefault]);
    const warning = (name: string, value: boolean) =>
      `warning: "${name}": "${word}" is neither "on" nor "off" and counts as "${value ? "on" : "off"}"`;
    const expected = [warning("min_latency", offByDefault), warning("gop_cache", onByDefault)];
    assertEquals(messages, warns ? expected : []);
  });
}

const chunkSizes: [text: string, value: number, message: string | null][] = [
  ["60000", 60000, null],
  ["128", 128, null],
  ["65536", 65536, null],
  ["127", 128, '"127" is below the minimum of 128 and counts as 128'],
  ["65537", 65536, '"65537" is above the maximum of 65536 and counts as 65536'],
  ["4k", 128, '"4k" is not a whole number and counts as 128'],
  ["4096b", 4096, '"4096b" is not a whole number and counts as 4096'],
];

for (const [text, value, message] of chunkSizes) {
  Deno.test(`chunk_size ${text} is ${value}, at the top level and in a vhost`, () => {
    const top = load(`chunk_size ${text};`);
    assertEquals([top.config.chunkSizeBytes, top.config.vhosts[0]?.chunkSizeBytes], [value, value]);
    const vhost = load("", `chunk_size ${text};`);
    assertEquals([vhost.config.chunkSizeBytes, vhost.config.vhosts[0]?.chunkSizeBytes], [60_000, value]);
    const expected = message ? [`warning: "chunk_size": ${message}`] : [];
    assertEquals([top.messages, vhost.messages], [expected, expected]);
  });
}

Deno.test("times have the unit of their directive in the file and milliseconds in the typed value", () => {
  const { config } = load("", "play { queue_length 1.5; mw_latency 20; } publish { firstpkt_timeout 7; }");
  const vhost = config.vhosts[0];
  assertEquals([vhost?.play.queueLengthMs, vhost?.play.mwLatencyMs, vhost?.publish.firstpktTimeoutMs], [1500, 20, 7]);
});

Deno.test("an unknown word of a choice counts as SRS has it, with a suggestion", () => {
  const text = "listen 1; vhost a { cluster { mode remot; } play { time_jitter none; } }";
  const { config, problems } = loadConfig({ path: "x", text });
  assertEquals([config.vhosts[0]?.cluster.mode, config.vhosts[0]?.play.timeJitter], ["local", "off"]);
  assertEquals(problems.map((p) => p.suggestion), ['did you mean "remote"?', null]);
});

Deno.test("a directive without a value, with too many, or with a block is as in SRS, with a warning", () => {
  const { config, messages } = load('pid; max_connections 5 6; listen 1 { x; } srs_log_file "";');
  assertEquals([config.pid, config.maxConnections, config.srsLogFile], ["./objs/srs.pid", 5, "./objs/srs.log"]);
  assertEquals(messages, [
    'warning: "pid" has no value and is ignored',
    'warning: "max_connections" takes one value; "6" is ignored',
    'warning: "listen" takes a value, not a block; the block is ignored',
    'warning: "srs_log_file" has no value and is ignored',
  ]);
});

Deno.test("the first of two equal directives counts, and the warning names both lines", () => {
  const text =
    "listen 1;\nlisten 2;\nvhost a {\n play { atc on; }\n play { gop_cache off; }\n}\nvhost a {\n enabled off;\n}";
  const { config, problems } = loadConfig({ path: "x", text });
  assertEquals(config.listen.map(({ port }) => port), [1]);
  assertEquals([config.vhosts.length, config.vhosts[0]?.enabled, config.vhosts[0]?.play.gopCache], [1, true, true]);
  assertEquals(problems.filter((p) => p.message.includes("is ignored")).map((p) => p.message), [
    'this "listen" is ignored: the first one, on line 1, counts',
    'this "play" is ignored: the first one, on line 4, counts',
    'this "vhost a" is ignored: the first one, on line 3, counts',
  ]);
});

Deno.test("a duplicate across files names the file", () => {
  const { problems } = loadConfig({
    path: "a",
    text: "listen 1; include b; vhost x { }",
    readFile: () => "\nlisten 2;",
  });
  assertEquals(problems.map((p) => `${p.file} ${p.message}`), [
    'b this "listen" is ignored: the first one, at a:1, counts',
  ]);
});

Deno.test("lists, rules and repeated directives keep everything in order", () => {
  const { config } = load(
    "listen 1935 127.0.0.1:19350 [::1]:1936; stats { disk sda sdb; }",
    "security { enabled on; allow play all; deny publish 1.2.3.4; allow publish 10.0.0.0/8; } " +
      "exec { publish a -x; publish b; } http_hooks { on_play http://a http://b; } refer { all a.com b.com; }",
  );
  const vhost = config.vhosts[0];
  assertEquals(config.listen.map(({ host, port }) => `${host} ${port}`), [
    "0.0.0.0 1935",
    "127.0.0.1 19350",
    "::1 1936",
  ]);
  assertEquals(config.stats.disk, ["sda", "sdb"]);
  assertEquals(vhost?.security.allow, [
    { action: "play", address: "all" },
    { action: "publish", address: "10.0.0.0/8" },
  ]);
  assertEquals(vhost?.security.deny, [{ action: "publish", address: "1.2.3.4" }]);
  assertEquals(vhost?.exec.publish, [["a", "-x"], ["b"]]);
  assertEquals(vhost?.httpHooks.onPlay, ["http://a", "http://b"]);
  assertEquals(vhost?.refer.all, ["a.com", "b.com"]);
});

Deno.test("a security rule that matches nobody is kept, with a warning", () => {
  const { config, messages } = load("", "security { enabled on; allow view all; allow play a.com; deny play; }");
  assertEquals(config.vhosts[0]?.security.allow.length, 2);
  assertEquals(config.vhosts[0]?.security.deny, [{ action: "play", address: "" }]);
  assertEquals(messages.filter((text) => text.includes("the rule")), [
    'warning: "allow": "view" is neither "publish" nor "play"; the rule matches nobody',
    'warning: "allow": "a.com" is not "all", an IP address or IP/BITS; the rule matches nobody',
    'warning: "deny": the rule has no address and matches nobody',
  ]);
});

Deno.test("security rules may name IPv6 addresses and networks", () => {
  const rules = "allow play fd00::/8; allow play ::1; deny publish 2001:db8::/32; deny play 10.0.0.0/0;";
  assertEquals(load("", `security { enabled on; ${rules} }`).messages, []);
  const { messages } = load("", "security { deny play fd00::/129; deny play 10.0.0.0/33; deny play ::1/; }");
  assertEquals(messages.length, 3);
});

Deno.test("hooks that cannot be called are warned of", () => {
  const { config, messages } = load("", "http_hooks { on_play http://a/x ftp://b http:; } forward { backend c; }");
  assertEquals(config.vhosts[0]?.httpHooks.onPlay, ["http://a/x", "ftp://b", "http:"]);
  assertEquals(messages, [
    'warning: "on_play": "ftp://b" is not an http:// or https:// URL and cannot be called',
    'warning: "on_play": "http:" is not an http:// or https:// URL and cannot be called',
    'warning: "backend": "c" is not an http:// or https:// URL and cannot be called',
  ]);
});

Deno.test("destinations of forward are servers, or full addresses", () => {
  const { config, messages } = load(
    "",
    "forward { destination a.com b.com:1936 [::1]:1937 rtmp://c.com/app/ rtmp://d.com:1938/app/s?k=v; }",
  );
  assertEquals(config.vhosts[0]?.forward.destination.map(({ host, port, text }) => `${host} ${port} ${text}`), [
    "a.com 1935 a.com",
    "b.com 1936 b.com:1936",
    "::1 1937 [::1]:1937",
    "c.com 1935 rtmp://c.com/app/",
    "d.com 1938 rtmp://d.com:1938/app/s?k=v",
  ]);
  assertEquals(messages, []);
  const wrong = ["http://c.com/app/", "rtmp://c.com", "rtmp://c.com/", "rtmp:///app/", "rtmp://u@c.com/app/", "a:0"];
  for (const text of wrong) {
    const { messages, config } = load("", `forward { destination ${text}; }`);
    assertEquals([messages.length, config.vhosts[0]?.forward.destination.length], [1, 0], text);
  }
});

Deno.test("origins, coworkers and the advertised address are hosts with ports", () => {
  const { config, messages } = load(
    "advertise 10.0.0.1; http_api { enabled on; }",
    "cluster { origin a.com [::1]:1936; origin_cluster on; coworkers b.com:1985 c.com; }",
  );
  const { origin, coworkers } = config.vhosts[0]?.cluster ?? { origin: [], coworkers: [] };
  assertEquals(origin.map(({ host, port }) => `${host} ${port}`), ["a.com 1935", "::1 1936"]);
  assertEquals(coworkers.map(({ host, port, text }) => `${host} ${port} ${text}`), [
    "b.com 1985 b.com:1985",
    "c.com 80 c.com",
  ]);
  assertEquals(config.advertise, { host: "10.0.0.1", port: null, text: "10.0.0.1" });
  assertEquals(messages, ['warning: "coworkers": "c.com" has no port, so port 80 is used']);
});

const workers: [text: string, value: number | "auto", ok: boolean][] = [
  ["auto", "auto", true],
  ["0", 0, true],
  ["4", 4, true],
  ["65", "auto", false],
  ["-1", "auto", false],
  ["two", "auto", false],
];

for (const [text, value, ok] of workers) {
  Deno.test(`workers ${text} is ${ok ? value : "an error"}`, () => {
    const { config, messages } = load(`workers ${text};`);
    assertEquals(config.workers, value);
    const aboutValue = messages.filter((message) => !message.includes("has no effect here"));
    assertEquals(aboutValue, ok ? [] : [`error: "workers": "${text}" is not "auto" or a number from 0 to 64`]);
  });
}

Deno.test("trusted_proxies are addresses and networks", () => {
  const { config, messages } = load("trusted_proxies 127.0.0.1 10.0.0.0/8 fd00::/8 proxy.example 10.0.0.0/33;");
  assertEquals(config.trustedProxies, ["127.0.0.1", "10.0.0.0/8", "fd00::/8"]);
  assertEquals(
    messages,
    ["proxy.example", "10.0.0.0/33"].map((word) => {
      return `error: "trusted_proxies": "${word}" is not an IP address or a network (IP/BITS)`;
    }),
  );
});
