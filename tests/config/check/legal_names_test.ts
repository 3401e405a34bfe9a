import { assert, assertEquals } from "../../kit/assert.ts";
import { loadConfig } from "../../../src/config/mod.ts";
import { listRows } from "../../../src/config/schema/row_index.ts";
import { inBlock, legalNames, uncheckedBlocks } from "./legal_names.ts";

function unknownNames(text: string): string[] {
  const { problems } = loadConfig({ path: "x.conf", text });
  return problems.filter((p) => p.message.startsWith("unknown directive")).map((p) => p.message);
}

for (const [path, names] of Object.entries(legalNames)) {
  Deno.test(`loadConfig knows every directive of ${path || "the top level"}`, () => {
    const all = names.split(" ");
    assertEquals(unknownNames(inBlock(path, all.map((name) => `${name} 1;`).join("\n"))), []);
    const wrong = [...all.map((name) => `${name}x`), "rtmpx", "constructor", "__proto__"];
    const unknown = unknownNames(inBlock(path, wrong.map((name) => `${name} 1;`).join("\n")));
    assertEquals(unknown.length, uncheckedBlocks.includes(path) ? 0 : wrong.length);
  });
}

for (const path of uncheckedBlocks) {
  Deno.test(`loadConfig accepts any name in ${path}`, () => {
    assertEquals(unknownNames(inBlock(path, "anything 1; goes { here; }")), []);
  });
}

Deno.test("the schema has no rows that SRS does not know, apart from marked extensions", () => {
  const extra = listRows().filter(({ block, row }) => !legalNames[block]?.split(" ").includes(row.name));
  assertEquals(extra.filter(({ row }) => !row.extension).map(({ path }) => path.join(".")), []);
  assertEquals(
    extra.map(({ path }) => path.join(".")).sort().join(" "),
    "advertise client_timeout connect_rate_per_ip directory directory.enabled directory.key_prefix directory.node_ttl " +
      "directory.peers directory.region directory.url http_api.allow_origin http_api.https.http2 http_api.remote_control " +
      "http_server.https.http2 max_connections_per_ip recv_path resolver send_path srs_log_format tls_ca_file trusted_proxies vhost.cluster.connect_timeout " +
      "vhost.cluster.coworker_proof vhost.cluster.coworker_timeout vhost.cluster.coworker_token " +
      "vhost.cluster.first_media_timeout vhost.cluster.handshake_timeout vhost.cluster.idle_timeout " +
      "vhost.cluster.linger vhost.cluster.owner_timeout vhost.cluster.redirect vhost.dvr.dvr_reconnect vhost.hls.hls_key_secret vhost.hls.hls_low_latency vhost.hls.hls_part vhost.http_hooks.timeout " +
      "vhost.play.realtime vhost.publish.on_conflict vhost.signed_url vhost.signed_url.key vhost.signed_url.play " +
      "vhost.signed_url.publish workers",
  );
});

Deno.test("loadConfig says once, and never silently, that a directive has no effect", () => {
  const without = listRows().filter(({ row }) => row.status.level !== "supported");
  const paths = new Set(without.map(({ path }) => path.join(".")));
  // Inside a block that is reported as a whole nothing more is said.
  const idle = without.filter(({ block }) => !paths.has(block));
  assert(idle.length > 30);
  for (const { path, block, row } of idle) {
    // Twice in two vhosts or side by side: still one warning.
    const line = row.node === "directive" ? `${row.name} 1;` : `${row.name} x { }`;
    const text = inBlock(block, `${line}\n${line}`);
    const status = / (has no effect here|is not supported): /;
    const about = loadConfig({ path: "x.conf", text }).problems.filter((p) =>
      p.message.startsWith(`"${path.join(".")}" `) && status.test(p.message)
    );
    const expected = row.status.level === "accepted" ? "has no effect here: " : "is not supported: ";
    assertEquals(about.map((p) => p.severity), ["warning"], path.join("."));
    assert(about[0]?.message.includes(expected + row.status.reason), path.join("."));
  }
});
