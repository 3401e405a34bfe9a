import type { CliIo } from "../../../../src/cli/command.ts";
import { allOptions, parseCommandLine, UsageError } from "../../../../src/cli/parse_args.ts";
import { status, statusCommand, type StatusEnvironment } from "../../../../src/cli/status/status.ts";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "../../../kit/assert.ts";
import { ManualTimers } from "../../../kit/memory/manual_timers.ts";
import { RecordedIo } from "../../../kit/memory/recorded_io.ts";

const body = (state: "healthy" | "degraded") => ({
  code: 0,
  state,
  now_ms: 1000,
  totals: { members: 1, up: 1 },
  members: [{ id: "a", address: "10.0.0.1:1985", role: "origin", link: "self", state: "up", state_since_ms: 0 }],
  problems: [],
});

type Answer = () => Response | Promise<Response>;

function worldOf(answers: Answer[]) {
  const timers = new ManualTimers();
  const asked: { url: string; headers: Headers }[] = [];
  const world: StatusEnvironment = {
    timers,
    env: (name) => name === "SRS_TS_PASSWORD" ? "geheim" : "",
    fetch: async (url, { headers, signal }) => {
      asked.push({ url, headers: new Headers(headers) });
      const answer = answers[Math.min(asked.length, answers.length) - 1]!;
      const { promise: given, reject } = Promise.withResolvers<never>();
      signal?.addEventListener("abort", () => reject(signal.reason));
      return await Promise.race([answer(), given]);
    },
  };
  return { timers, asked, world };
}

function run(args: string[], answers: Answer[], io: CliIo = new RecordedIo()) {
  const { timers, asked, world } = worldOf(answers);
  const parsed = parseCommandLine(args, allOptions(statusCommand.options));
  return { timers, asked, ended: status(parsed, io, world) };
}

const json = (value: unknown) => () => Response.json(value);
const refused = () => Promise.reject(new TypeError("tcp connect error: Connection refused (os error 111)"));

Deno.test("status ends with 0 for healthy, 1 for degraded, 3 for an API that cannot be asked", async (t) => {
  const cases: [string, Answer, number, string][] = [
    ["healthy", json(body("healthy")), 0, ""],
    ["degraded", json(body("degraded")), 1, ""],
    ["nothing listens", refused, 3, "10.0.0.1:9090: connection refused, nothing listens there: does the server run"],
    [
      "another port",
      () => Promise.reject(new TypeError("client error (SendRequest)")),
      3,
      "10.0.0.1:9090: no HTTP server listens there: is it another port?",
    ],
    ["an SRS", () => new Response("no", { status: 404 }), 3, "10.0.0.1:9090 answers, but has no state of a cluster"],
    ["no JSON", () => new Response("<html>"), 3, "10.0.0.1:9090 answers, but has no state of a cluster"],
    ["other JSON", json({ code: 0, members: [] }), 3, "10.0.0.1:9090 answers, but has no state of a cluster"],
    [
      "a password",
      () => new Response(null, { status: 401 }),
      3,
      "10.0.0.1:9090 asks for a password: give it with --user",
    ],
    ["an error", () => new Response(null, { status: 500 }), 3, "10.0.0.1:9090 answers with HTTP status 500"],
  ];
  for (const [name, answer, code, error] of cases) {
    await t.step(name, async () => {
      const io = new RecordedIo();
      assertEquals(await run(["--api", "10.0.0.1:9090"], [answer], io).ended, code);
      if (error === "") assertStringIncludes(io.stdout, `told by 10.0.0.1:9090`);
      else assertEquals([io.stdout, io.stderr.startsWith(`srs-ts status: ${error}`)], ["", true], io.stderr);
    });
  }
});

Deno.test("status gives up an API that does not answer within 5 s", async () => {
  const io = new RecordedIo();
  const { timers, ended } = run([], [() => new Promise(() => {})], io);
  timers.advance(5000);
  assertEquals(await ended, 3);
  assertStringIncludes(io.stderr, "127.0.0.1:1985: no answer within 5 s");
});

Deno.test("status asks the API that is named, as the user that is named", async (t) => {
  const cases: [string[], string, string | null][] = [
    [[], "http://127.0.0.1:1985/api/v1/cluster", null],
    [["--api", "10.0.0.1"], "http://10.0.0.1:1985/api/v1/cluster", null],
    [["--api", "[::1]:9090"], "http://[::1]:9090/api/v1/cluster", null],
    [["--api", "[::1]"], "http://[::1]:1985/api/v1/cluster", null],
    [["--api", "http://a.com:80/"], "http://a.com:80/api/v1/cluster", null],
    [["--api", "https://a.com"], "https://a.com/api/v1/cluster", null],
    [["--user", "admin:p:w"], "http://127.0.0.1:1985/api/v1/cluster", "admin:p:w"],
    [["--user", "admin"], "http://127.0.0.1:1985/api/v1/cluster", "admin:geheim"],
  ];
  for (const [args, url, user] of cases) {
    await t.step(args.join(" "), async () => {
      const { asked, ended } = run(args, [json(body("healthy"))]);
      await ended;
      const [{ url: sent, headers }] = asked as [typeof asked[number]];
      assertEquals([sent, headers.get("authorization")], [url, user === null ? null : `Basic ${btoa(user)}`]);
    });
  }
  for (const api of ["a b", "a:b:c", "/x", "ftp://a", "a/path"]) {
    await t.step(
      `--api ${api}`,
      () => void assertRejects(() => run(["--api", api], []).ended, UsageError, "--api must be"),
    );
  }
});

Deno.test("status --json prints the answer in one line, and nothing else", async () => {
  const io = new RecordedIo();
  const said = { ...body("degraded"), more: { new: [1] } };
  assertEquals(await run(["--json"], [() => new Response(JSON.stringify(said, null, 2))], io).ended, 1);
  assertEquals([io.stdout, io.stderr], [`${JSON.stringify(said)}\n`, ""]);
});

Deno.test("status --watch asks every 2 s until Ctrl-C, over failures, and ends with the state it saw last", async () => {
  const stop = new AbortController();
  const io = Object.assign(new RecordedIo({ isTerminal: true }), { stop: stop.signal });
  const { timers, asked, ended } = run(["--watch"], [json(body("healthy")), refused, json(body("degraded"))], io);
  await timers.run(1900);
  assertEquals(asked.length, 1);
  await timers.run(200);
  assertEquals(asked.length, 2);
  assertStringIncludes(io.stdout, "connection refused");
  await timers.run(2000);
  assertEquals(asked.length, 3);
  stop.abort();
  assertEquals(await ended, 1);
  assert(io.stdout.startsWith("\x1b[?25l") && io.stdout.endsWith("\x1b[?25h"), "the cursor comes back");
  // Each drawing takes the place of the one before.
  assertEquals(io.stdout.split("A\r").length - 1, 2);
  assertEquals(io.stderr, "");
});
