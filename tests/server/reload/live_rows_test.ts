import { listRows } from "../../../src/config/mod.ts";
import { assertEquals, assertStringIncludes } from "../../kit/assert.ts";
import { accessRows } from "./live/access_rows.ts";
import { clusterRows } from "./live/cluster_rows.ts";
import { dvrRows } from "./live/dvr_rows.ts";
import { hookRows } from "./live/hook_rows.ts";
import { inOtherZone, logRows } from "./live/log_rows.ts";
import { playRows } from "./live/play_rows.ts";
import { publishRows } from "./live/publish_rows.ts";
import { serverRows } from "./live/server_rows.ts";
import { type LiveRow, type LiveRows, Stage } from "./live/stage.ts";

const rows: LiveRows = {
  ...accessRows,
  ...clusterRows,
  ...dvrRows,
  ...hookRows,
  ...logRows,
  ...playRows,
  ...publishRows,
  ...serverRows,
};

const certificates = "a reload takes new certificates of API and streams";

/** Rows that another test reloads, since a simulated network has no TLS: the name of the test in `tls_test.ts`. */
const shownOverTls: Readonly<Record<string, string>> = {
  "rtmps.enabled": "a reload turns rtmps on, moves it and turns it off",
  "rtmps.listen": "a reload turns rtmps on, moves it and turns it off",
  "rtmps.key": "a reload takes a new certificate; who plays over TLS plays on",
  "rtmps.cert": "a reload takes a new certificate; who plays over TLS plays on",
  "http_api.https.key": certificates,
  "http_api.https.cert": certificates,
  "http_server.https.key": certificates,
  "http_server.https.cert": certificates,
  "tls_ca_file": "a reload takes another tls_ca_file",
};

Deno.test("every row that says live has a test of a running server, and no other row", () => {
  const live = listRows().filter(({ row, status }) =>
    "reload" in row && row.reload === "live" && status.level === "supported"
  );
  const paths = live.map(({ path }) => path.join("."));
  assertEquals([...Object.keys(rows), ...Object.keys(shownOverTls)].toSorted(), paths.toSorted());
});

Deno.test("the tests that reload rows over TLS are there", () => {
  const text = Deno.readTextFileSync(new URL("tls_test.ts", import.meta.url));
  for (const name of Object.values(shownOverTls)) assertStringIncludes(text, name);
});

for (const [path, row] of Object.entries(rows)) {
  Deno.test(`reload of ${path} reaches what runs`, async () => {
    const check = async () => assertEquals([await see(path, row, false), await see(path, row, true)], row.seen);
    if (path === "utc_time") await inOtherZone(check);
    else await check();
  });
}

async function see(path: string, { before, after, begin, hasDisk }: LiveRow, reloads: boolean): Promise<unknown> {
  await using stage = new Stage(before, hasDisk);
  const look = await begin(stage);
  if (reloads) {
    const told = await stage.server.reload(after);
    const name = path.startsWith("vhost.") ? path.replace("vhost.", "vhost __defaultVhost__: ") : path;
    assertEquals(told.filter((line) => line === `applied: ${name}`).length, 1, told.join("\n"));
  }
  return await look();
}
