import { assert, assertEquals, assertStringIncludes } from "../kit/assert.ts";
import {
  type DirectiveEntry,
  directivesMarkdown,
  directivesText,
  directiveTable,
} from "../../src/config/directive_table.ts";

const table = directiveTable();

function entry(path: string): DirectiveEntry {
  const found = table.find(({ block, name }) => (block === "" ? name : `${block}.${name}`) === path);
  assert(found, path);
  return found;
}

Deno.test("directiveTable() describes a number with unit, range and default as they are written", () => {
  assertEquals(entry("vhost.play.queue_length"), {
    name: "queue_length",
    block: "vhost.play",
    kind: "directive",
    repeats: false,
    type: ">= 0 s",
    unit: "s",
    min: 0,
    max: 2147483,
    default: "30",
    reload: "live",
    env: ["SRS_VHOST_PLAY_QUEUE_LENGTH"],
    toml: "vhost.play.queue_length",
    status: "supported",
    reason: "",
    extension: false,
    doc: "How far a player may fall behind, in stream time, before it skips to the newest keyframe.",
  });
});

const facts: [path: string, facts: Partial<DirectiveEntry>][] = [
  ["listen", { type: "addresses", default: "", env: ["SRS_LISTEN", "SRS_RTMP_LISTEN"] }],
  ["max_connections", { type: ">= 1", default: "1000", reload: "live" }],
  ["chunk_size", { type: "128..65536 bytes", unit: "bytes", min: 128, max: 65536 }],
  ["vhost.chunk_size", { default: "the top-level value" }],
  ["daemon", { type: "on | off", default: "on", reload: "restart" }],
  ["srs_log_level_v2", { type: "trace | debug | info | warn | error | off", default: "" }],
  ["workers", { type: "auto | 0..64 threads", default: "auto", extension: true }],
  ["http_api", { kind: "block", type: "block", reload: null, env: [] }],
  ["http_api.listen", { type: "address", default: "1985" }],
  ["vhost", { kind: "block", repeats: true }],
  ["vhost.security.allow", { repeats: true, toml: "vhost.security.rules" }],
  ["vhost.dash.dash_path", { type: "not read", status: "not supported", env: ["SRS_VHOST_DASH_DASH_PATH"] }],
  ["threads", { kind: "block", status: "accepted, no effect here" }],
];

for (const [path, expected] of facts) {
  Deno.test(`directiveTable() describes ${path}`, () => {
    const found = entry(path);
    const picked = Object.fromEntries(Object.keys(expected).map((key) => [key, found[key as keyof DirectiveEntry]]));
    assertEquals<unknown>(picked, expected);
  });
}

Deno.test("directiveTable() has a reason for everything that is not supported", () => {
  assertEquals(table.filter(({ status, reason }) => (status === "supported") !== (reason === "")), []);
});

Deno.test("directivesMarkdown() has one row of eight cells for every directive and block with a meaning", () => {
  const [head = "", rule = "", ...rows] = directivesMarkdown().trimEnd().split("\n");
  const cells = (line: string) => line.replaceAll("\\|", "").split("|").length - 2;
  assertEquals([head, rule, ...rows].map(cells).filter((count) => count !== 8), []);
  assertEquals(rows.length, table.filter(({ doc }) => doc !== "").length);
  assertStringIncludes(directivesMarkdown(), "| `vhost.play.mw_latency` | >= 0 ms | `350` | live |");
});

Deno.test("directivesText() shows everything about a directive below the name of its block", () => {
  assertEquals(
    directivesText([entry("chunk_size"), entry("workers"), entry("vhost.dash")]),
    `top level
  chunk_size               128..65536 bytes; default 60000; reload: new clients
    Chunk size of outgoing RTMP, for vhosts that do not set their own.
    TOML chunk_size  SRS_VHOST_CHUNK_SIZE  SRS_CHUNK_SIZE  SRS_RTMP_CHUNK_SIZE
    Status: supported.
  workers                  auto | 0..64 threads; default auto; reload: restart
    ${entry("workers").doc}
    TOML workers  SRS_WORKERS
    Status: supported; srs-ts only.

vhost
  dash                     block
    DASH output.
    TOML vhost.dash
    Status: not supported: ${entry("vhost.dash").reason}.
`,
  );
});
