import { kindOfLine, limitLines, LogLimiter } from "../../../src/base/log_limiter.ts";
import { assertEquals, assertLess } from "../../kit/assert.ts";
import { ManualTimers } from "../../kit/memory/manual_timers.ts";
import { TestLog } from "../../kit/test_log.ts";

function setUp() {
  const timers = new ManualTimers();
  const inner = new TestLog();
  const limiter = new LogLimiter(timers);
  const others = new LogLimiter(timers);
  return { timers, inner, limiter, others, log: limitLines(inner, { warnings: limiter, others }) };
}

Deno.test("limitLines() writes the first line of a kind at once, then one a second with the number of the others", () => {
  const { timers, inner, log } = setUp();
  for (let i = 0; i < 100; i++) {
    log.withCid(`cid${i}`).warn(`client 10.0.0.${i} left: bad version ${i}`);
    timers.advance(5);
  }
  assertEquals(inner.lines, ["warn client 10.0.0.0 left: bad version 0"]);
  timers.advance(500);
  assertEquals(inner.lines.slice(1), [
    "warn client 10.0.0.99 left: bad version 99 (98 more like this within 1000 ms)",
  ]);
  timers.advance(10_000);
  assertEquals(inner.lines.length, 2);
  assertEquals(timers.pendingCount, 0);
  log.warn("client 10.0.0.7 left: bad version 7");
  assertEquals(inner.lines.length, 3);
});

Deno.test("limitLines() holds a single repetition for a second and changes nothing of it", () => {
  const { timers, inner, log } = setUp();
  log.error("pull /live/a: refused");
  log.error("pull /live/a: refused");
  assertEquals(inner.lines.length, 1);
  timers.advance(1000);
  assertEquals(inner.lines, ["error pull /live/a: refused", "error pull /live/a: refused"]);
});

Deno.test("limitLines() keeps kinds apart, and warnings from errors; a few other lines pass", () => {
  const { inner, log } = setUp();
  log.warn("one thing");
  log.warn("another thing");
  log.error("one thing");
  for (let i = 0; i < 3; i++) log.info("said often");
  log.debug("said");
  log.trace("said");
  assertEquals(inner.lines.map((line) => line.split(" ")[0]), [
    "warn",
    "warn",
    "error",
    "info",
    "info",
    "info",
    "debug",
    "trace",
  ]);
});

Deno.test("LogLimiter is not got round by names that are made up", () => {
  const { timers, inner, log } = setUp();
  const word = (i: number) => [...String(i)].map((digit) => "abcdefghij"[Number(digit)]).join("");
  for (let i = 0; i < 10_000; i++) log.warn(`no vhost ${word(i)}`);
  assertLess(inner.lines.length, 40);
  timers.advance(1000);
  assertLess(inner.lines.length, 80);
  assertEquals(inner.find("(9966 more like this").length, 1);
});

Deno.test("LogLimiter writes what it holds when it is disposed", () => {
  const { timers, inner, limiter, log } = setUp();
  for (let i = 0; i < 3; i++) log.warn("again");
  limiter[Symbol.dispose]();
  assertEquals(inner.lines, ["warn again", "warn again (1 more like this within 1000 ms)"]);
  assertEquals(timers.pendingCount, 0);
});

Deno.test("limitLines() lets one peer write 25 lines of a kind a second, then the number of the others, and goes on so", () => {
  const { timers, inner, others, log } = setUp();
  const flood = () => {
    for (let i = 0; i < 500; i++) log.withCid(`c${i}`, "10.0.0.1").info(`play /live/s${i}`);
  };
  flood();
  assertEquals(inner.lines.length, 25);
  log.warn("still seen");
  assertEquals(inner.lines.at(-1), "warn still seen");
  timers.advance(1000);
  assertEquals(inner.lines.slice(26), ["info play /live/s499 (474 more like this within 1000 ms)"]);
  flood();
  timers.advance(1000);
  assertEquals(inner.lines.length, 27 + 25 + 1);
  others[Symbol.dispose]();
});

Deno.test("limitLines(): one peer hides no line of another, and all together write no more than a hundred of a kind", () => {
  const { timers, inner, log } = setUp();
  const flooder = log.withCid("a", "10.0.0.1");
  const other = log.withCid("b", "10.0.0.2").withCid("c");
  for (let i = 0; i < 1000; i++) {
    flooder.info(`connect ${i}`);
    flooder.warn(`client 10.0.0.1 left: broken ${i}`);
  }
  other.info("connect 7777");
  other.warn("client 10.0.0.2 left: broken 8888");
  assertEquals([inner.find("7777").length, inner.find("8888").length], [1, 1]);
  timers.advance(1000);
  inner.lines.length = 0;
  for (let i = 0; i < 1000; i++) log.withCid("x", `10.1.0.${i}`).info(`connect ${i}`);
  assertEquals(inner.lines.length, 99);
});

Deno.test("kindOfLine() sees the same in lines that differ in numbers, addresses and quoted words only", () => {
  const [a, b] = [
    'client 10.0.0.1 left after 0.5 s: refused, code=1028(StreamBusy) : "x" (in 3410 B, out 3500 B)',
    'client fe80::1 left after 12.0 s: refused, code=1028(StreamBusy) : "y 1" (in 1 B, out 22 B)',
  ];
  assertEquals(kindOfLine(a), kindOfLine(b));
  assertEquals(kindOfLine("code=1028(StreamBusy)") === kindOfLine("code=2014(NoVhost)"), false);
  const startedMs = performance.now();
  for (const text of ["a".repeat(100_000), '"'.repeat(100_000), "1a".repeat(50_000)]) kindOfLine(text);
  assertLess(performance.now() - startedMs, 500);
});
