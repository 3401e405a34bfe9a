import { assert, assertEquals, assertMatch } from "../kit/assert.ts";
import { legacySpellings } from "../../src/config/srs/legacy.ts";
import { loadConfig } from "../../src/config/mod.ts";
import { listRows, type RowInfo } from "../../src/config/schema/row_index.ts";

const rows = listRows();

function find(path: string): RowInfo {
  const row = rows.find((candidate) => candidate.path.join(".") === path);
  assert(row, `${path} has no row`);
  return row;
}

Deno.test("every row has a document line and consistent facts", () => {
  for (const { path, row, status } of rows) {
    const name = path.join(".");
    assertMatch(row.name, /^[a-z][a-z0-9_]*$/);
    if (row.node !== "foreign") assertMatch(row.doc, /^[A-Za-z`].*\.$/, name);
    assertEquals(status.reason === "", status.level === "supported", name);
    if (row.node !== "directive") continue;
    const { min = -Infinity, max = Infinity, scale = 1, choices } = row.type;
    if (typeof row.default === "number") assert(row.default / scale >= min && row.default / scale <= max, name);
    if (typeof row.default === "string" && choices) assert(choices.includes(row.default), name);
    if (row.inherits !== null) assertMatch(row.inherits, /^[a-z]\w*$/);
  }
});

Deno.test("numbers have a property name with their unit", () => {
  const suffixes: Record<string, RegExp> = { ms: /Ms$/, s: /Ms$/, bytes: /Bytes$/ };
  for (const { row, properties, path } of rows) {
    const suffix = row.node === "directive" ? suffixes[row.type.unit ?? ""] : undefined;
    if (suffix) assertMatch(properties.at(-1) ?? "", suffix, path.join("."));
  }
});

Deno.test("paths, properties and TOML keys are unique; a variable sets more than one row only for chunk_size", () => {
  const unique = (values: string[]) => assertEquals(values.filter((value, at) => values.indexOf(value) !== at), []);
  unique(rows.map(({ path }) => path.join(".")));
  unique(rows.map(({ properties }) => properties.join(".")));
  const env = rows.flatMap((row) => row.env);
  assertEquals(env.filter((value, at) => env.indexOf(value) !== at), ["SRS_VHOST_CHUNK_SIZE"]);
});

const envNames: [path: string, env: string[]][] = [
  ["listen", ["SRS_LISTEN", "SRS_RTMP_LISTEN"]],
  ["chunk_size", ["SRS_VHOST_CHUNK_SIZE", "SRS_CHUNK_SIZE", "SRS_RTMP_CHUNK_SIZE"]],
  ["srs_log_tank", ["SRS_SRS_LOG_TANK", "SRS_LOG_TANK"]],
  ["srs_log_file", ["SRS_LOG_FILE", "SRS_SRS_LOG_FILE"]],
  ["is_full", []],
  ["http_api.auth.username", ["SRS_HTTP_API_AUTH_USERNAME"]],
  ["vhost.play.gop_cache", ["SRS_VHOST_PLAY_GOP_CACHE"]],
  ["vhost.cluster.coworkers", ["SRS_VHOST_CLUSTER_COWORKERS"]],
  ["vhost.security.allow", ["SRS_VHOST_SECURITY_ALLOW"]],
  ["vhost.hls.enabled", ["SRS_VHOST_HLS_ENABLED"]],
  ["threads", []],
];

for (const [path, env] of envNames) {
  Deno.test(`listRows() gives ${path} its environment variables`, () => assertEquals(find(path).env, env));
}

Deno.test("listRows() gives the rows of a missing feature the status of their block", () => {
  assertEquals(find("vhost.exec.enabled").status.level, "unsupported");
  assertEquals(find("vhost.dash.dash_path").status.level, "unsupported");
  assertEquals(find("vhost.cluster.origin").status.level, "supported");
});

Deno.test("a row that inherits has the type of the row it inherits from", () => {
  const { config } = loadConfig({
    path: "x",
    text: "listen 1; chunk_size 4096; vhost a { } vhost b { chunk_size 512; }",
  });
  assertEquals(config.vhosts.map((vhost) => vhost.chunkSizeBytes), [4096, 512]);
  assertEquals(rows.filter(({ row }) => row.node === "directive" && row.inherits).map(({ path }) => path.join(".")), [
    "vhost.chunk_size",
  ]);
});

Deno.test("every old spelling leads to a row of today", () => {
  const paths = new Set(rows.map(({ path }) => path.join(".")));
  const spellings = [...legacySpellings()];
  assert(spellings.length > 40);
  const lost = spellings.filter(([, today]) => today !== null && !paths.has(today));
  assertEquals(lost, []);
});
