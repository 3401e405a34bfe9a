import { assertEquals } from "../../kit/assert.ts";
import { loadConfig } from "../../../src/config/mod.ts";
import { legacySpellings, rewriteLegacy } from "../../../src/config/srs/legacy.ts";
import { ProblemList } from "../../../src/config/problem.ts";
import { type ConfBlock, parseSrsConf } from "../../../src/config/srs/parser.ts";
import { inBlock } from "./legal_names.ts";

function show(block: ConfBlock): string {
  return block.directives.map(({ name, args, block }) =>
    [name, ...args].map((word) => word.text).join(" ") + (block ? ` { ${show(block)} }` : ";")
  ).join(" ");
}

function rewrite(text: string): string {
  const problems = new ProblemList();
  return show(rewriteLegacy(parseSrsConf(text, { file: "x", problems }), problems));
}

const cases: [old: string, today: string][] = [
  ["http_stream { enabled on; }", "http_server { enabled on; }"],
  ["vhost a { http { enabled on; } }", "vhost a { http_static { enabled on; } }"],
  ["vhost a { http_remux { enabled on; hstrs on; } }", "vhost a { http_remux { enabled on; } }"],
  ["vhost a { refer x y; }", "vhost a { refer { enabled on; all x y; } }"],
  [
    "vhost a { refer_play x; refer_publish y; }",
    "vhost a { refer { enabled on; play x; publish y; } }",
  ],
  ["vhost a { refer { enabled off; } refer_play x; }", "vhost a { refer { enabled off; play x; } }"],
  ["vhost a { mr { enabled on; latency 300; } }", "vhost a { publish { mr on; mr_latency 300; } }"],
  ["vhost a { mr { } enabled on; }", "vhost a { enabled on; }"],
  ["vhost a { publish_1stpkt_timeout 1; }", "vhost a { publish { firstpkt_timeout 1; } }"],
  ["vhost a { publish_normal_timeout 1; }", "vhost a { publish { normal_timeout 1; } }"],
  [
    "vhost a { time_jitter zero; gop_cache off; queue_length 3; enabled on; }",
    "vhost a { enabled on; play { time_jitter zero; gop_cache off; queue_length 3; } }",
  ],
  ["vhost a { play { atc on; } mw_latency 1; }", "vhost a { play { atc on; mw_latency 1; } }"],
  ["vhost a { mw_latency 1; play { mw_latency 2; } }", "vhost a { play { mw_latency 1; } }"],
  ["vhost a { forward b c:1936; }", "vhost a { forward { enabled on; destination b c:1936; } }"],
  ["vhost a { forward { destination b; } }", "vhost a { forward { destination b; } }"],
  [
    "vhost a { mode remote; origin b; vhost c; token_traverse on; debug_srs_upnode off; }",
    "vhost a { cluster { mode remote; origin b; vhost c; token_traverse on; debug_srs_upnode off; } }",
  ],
  ["rtmp { listen 1935; chunk_size 4096; } pid x;", "listen 1935; chunk_size 4096; pid x;"],
  ["rtmp 1; vhost a { rtmp { listen 1; } }", "rtmp 1; vhost a { rtmp { listen 1; } }"],
  ["srt_server { tlpkdrop on; }", "srt_server { tlpktdrop on; }"],
  ["rtc_server { perf_stat on; listen 1; }", "rtc_server { listen 1; }"],
  ["stream_caster { host a; sip { realm b; } }", "stream_caster { sip {  } }"],
  ["mode remote; toString x; vhost a { constructor y; }", "mode remote; toString x; vhost a { constructor y; }"],
];

for (const [old, today] of cases) {
  Deno.test(`rewriteLegacy turns ${old} into today's form`, () => assertEquals(rewrite(old), today));
}

Deno.test("loadConfig accepts every old spelling, with a warning", () => {
  for (const [path] of legacySpellings()) {
    const name = path.replace(/.*\./, "");
    const block = path.includes(".") ? path.slice(0, path.lastIndexOf(".")) : "";
    const text = inBlock(block, name === "http_stream" || name === "http" ? `${name} { }` : `${name} 1;`);
    const { problems } = loadConfig({ path: "x.conf", text });
    const old = problems.filter((p) => /is an old spelling|has had no effect since/.test(p.message));
    assertEquals(old.map((p) => p.severity), ["warning"], path);
    assertEquals(problems.filter((p) => p.message.startsWith("unknown")), [], path);
  }
});

Deno.test("an old spelling is reported at its place and wins over the new one, as in SRS", () => {
  const text = "listen 1935;\nvhost a {\n  play { mw_latency 200; }\n  mw_latency 100;\n}\n";
  const { config, problems } = loadConfig({ path: "x.conf", text });
  assertEquals(config.vhosts[0]?.play.mwLatencyMs, 100);
  assertEquals(problems.map((p) => `${p.line}:${p.column} ${p.message}`), [
    '4:3 "mw_latency" is an old spelling',
    "4:3 this old spelling overrides the value on line 3",
  ]);
});
