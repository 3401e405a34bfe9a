import type { OptionRow } from "../../../src/cli/command.ts";
import { numberValue, parseCommandLine, UsageError } from "../../../src/cli/parse_args.ts";
import { assertEquals, assertThrows } from "../../kit/assert.ts";

const rows: readonly OptionRow[] = [
  { name: "config", short: "c", value: "FILE", help: "" },
  { name: "api", value: "HOST:PORT", repeats: true, help: "" },
  { name: "for", value: "SECONDS", help: "" },
  { name: "test", short: "t", help: "" },
  { name: "loop", help: "" },
  { name: "no-loop", help: "" },
];

/** What the rows above make of a command line. */
function read(...args: string[]) {
  const parsed = parseCommandLine(args, rows);
  return {
    config: parsed.value("config"),
    api: [...parsed.values("api")],
    flags: ["test", "loop", "no-loop"].filter((name) => parsed.flag(name)),
    positional: [...parsed.positional],
  };
}

const nothing = { config: undefined, api: [], flags: [], positional: [] };

Deno.test("parseCommandLine() reads every spelling", async (t) => {
  const cases: [string[], Partial<ReturnType<typeof read>>][] = [
    [[], {}],
    [["-c", "a.conf"], { config: "a.conf" }],
    [["-ca.conf"], { config: "a.conf" }],
    [["-cconf/a.conf"], { config: "conf/a.conf" }],
    [["-ctest"], { config: "test" }],
    [["-c=a.conf"], { config: "a.conf" }],
    [["--config", "a.conf"], { config: "a.conf" }],
    [["--config=a=b"], { config: "a=b" }],
    [["-t"], { flags: ["test"] }],
    [["-t", "-c", "a.conf"], { flags: ["test"], config: "a.conf" }],
    [["-tc", "a.conf"], { flags: ["test"], config: "a.conf" }],
    [["--loop"], { flags: ["loop"] }],
    [["--no-loop"], { flags: ["no-loop"] }],
    [["--api", "a:1", "--api=b:2"], { api: ["a:1", "b:2"] }],
    [["--test", "url", "1e3"], { flags: ["test"], positional: ["url", "1e3"] }],
    [["--", "--test", "-cx", "--test=1"], { positional: ["--test", "-cx", "--test=1"] }],
    [["-"], { positional: ["-"] }],
  ];
  for (const [args, expected] of cases) {
    await t.step(args.join(" ") || "(nothing)", () => assertEquals(read(...args), { ...nothing, ...expected }));
  }
});

Deno.test("parseCommandLine() refuses what it does not know, in one line with the nearest name", async (t) => {
  const cases: [string[], string][] = [
    [["--confg", "x"], 'unknown option "--confg"; did you mean "--config"?'],
    [["--conf=x"], 'unknown option "--conf"; did you mean "--config"?'],
    [["--verbose"], 'unknown option "--verbose"'],
    [["-x"], 'unknown option "-x"'],
    [["-tx"], 'unknown option "-x"'],
    [["-c"], "-c (--config) needs a value: FILE"],
    [["--config="], "-c (--config) needs a value: FILE"],
    [["--for", "-t"], "--for needs a value: SECONDS"],
    [["-c", "a", "-c", "b"], "-c (--config) is given 2 times: give it once"],
    [["--test=off"], "--test takes no value"],
    [["--__proto__", "x"], 'unknown option "--__proto__"'],
  ];
  for (const [args, message] of cases) {
    await t.step(args.join(" "), () => assertEquals(assertThrows(() => read(...args), UsageError).message, message));
  }
});

Deno.test("numberValue() takes numbers in range only", async (t) => {
  const range = { min: 1, max: 60, integer: true };
  const forValue = (text: string) => numberValue(parseCommandLine([`--for=${text}`], rows), "for", range);
  assertEquals(numberValue(parseCommandLine([], rows), "for", range), undefined);
  for (const text of ["1", "60", "007"]) await t.step(text, () => assertEquals(forValue(text), Number(text)));
  for (const text of ["0", "61", "-1", "1.5", "1e1", "0x10", " 5", "5s", "Infinity", "NaN"]) {
    await t.step(text, () => {
      const error = assertThrows(() => forValue(text), UsageError);
      assertEquals(error.message, `--for must be a whole number from 1 to 60, not "${text}"`);
    });
  }
});
