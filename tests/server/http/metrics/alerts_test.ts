import { histograms } from "../../../../src/http/metrics/histogram.ts";
import { metrics } from "../../../../src/http/metrics/metrics.ts";
import { apiRoutes } from "../../../../src/http/api/routes.ts";
import { assert, assertEquals, assertGreater } from "../../../kit/assert.ts";
import { promtool } from "../../../kit/promtool.ts";
import { interopTest } from "../../../kit/tools.ts";
import { parseYaml } from "../../../kit/yaml.ts";

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly action: string };
}

const path = new URL("../../../../conf/alerts.yaml", import.meta.url).pathname;
const text = Deno.readTextFileSync(path);
const { groups } = parseYaml(text) as { groups: readonly { rules: readonly Rule[] }[] };
const rules = groups.flatMap(({ rules }) => rules);

Deno.test("every alert asks for metrics that /metrics answers", () => {
  const served = new Set([
    ...metrics.map(({ name }) => name),
    ...histograms.flatMap(({ name }) => ["bucket", "sum", "count"].map((part) => `${name}_${part}`)),
    "up",
  ]);
  assertGreater(rules.length, 6);
  for (const { alert, expr, annotations } of rules) {
    const names = expr.match(/\b(?:srs_\w+|up)\b/g) ?? [];
    assertGreater(names.length, 0, alert);
    const told = annotations.action.match(/\bsrs_\w+/g) ?? [];
    assertEquals([...names, ...told].filter((name) => !served.has(name)), [], alert);
  }
});

Deno.test("every alert says what is wrong, how urgent it is, and what to do", () => {
  for (const { alert, for: pause, labels, annotations: { summary, action } } of rules) {
    assert(/^Srs[A-Z]\w+$/.test(alert), alert);
    assert(/^\d+m$/.test(pause), `${alert} must outlast one failed scrape`);
    assert(["page", "ticket"].includes(labels.severity), alert);
    assert(summary.length > 20 && summary.length < 130, alert);
    assert(action.length > 100, alert);
    const routes = action.match(/(?<=[\s:(\w])\/(?:api\/v1\/\w+|readyz|healthz)/g) ?? [];
    for (const route of routes) assert(apiRoutes.some(({ path }) => path.startsWith(route)), `${alert}: ${route}`);
  }
  assertEquals(new Set(rules.map(({ alert }) => alert)).size, rules.length);
});

interopTest("promtool finds nothing wrong with the alerts", ["promtool"], async () => {
  const { code, said } = await promtool(["check", "rules", path]);
  assertEquals([code, said.includes(`SUCCESS: ${rules.length} rules found`)], [0, true], said);
});

/** For each alert, series that must raise it after half an hour, and the same when all is well. */
const cases: Record<string, { bad: Record<string, string>; good: Record<string, string> }> = {
  SrsServerDown: { bad: { 'up{job="srs"}': "0x40" }, good: { 'up{job="srs"}': "1x40", 'up{job="node"}': "0x40" } },
  SrsNotReady: { bad: { srs_ts_ready: "0x40" }, good: { srs_ts_ready: "1x27 0x2 1x10" } },
  SrsCoworkerDown: {
    bad: { 'srs_ts_coworker_up{coworker="b:1985"}': "0x40" },
    good: { 'srs_ts_coworker_up{coworker="b:1985"}': "1x40" },
  },
  SrsDirectoryDown: {
    bad: { 'srs_ts_directory_up{engine="redis://e:6379"}': "0x40" },
    good: { 'srs_ts_directory_up{engine="redis://e:6379"}': "1x40" },
  },
  SrsOriginDown: {
    bad: { 'srs_ts_origin_failures{origin="o:1935"}': "3x40", srs_ts_pulls: "1x40" },
    good: { 'srs_ts_origin_failures{origin="o:1935"}': "3x40", srs_ts_pulls: "0x40" },
  },
  SrsViewersWithoutPublisher: {
    bad: { 'srs_ts_stream_viewers{stream="/live/s"}': "2x40", 'srs_ts_stream_active{stream="/live/s"}': "0x40" },
    good: {
      'srs_ts_stream_viewers{stream="/live/s"}': "2x40",
      'srs_ts_stream_active{stream="/live/s"}': "1x40",
      // Only servers wait for this one: who watches there is counted there.
      'srs_ts_stream_viewers{stream="/live/t"}': "0x40",
      'srs_ts_stream_active{stream="/live/t"}': "0x40",
    },
  },
  SrsUpstreamFlapping: {
    bad: { srs_ts_upstream_switches_total: "0+2x40" },
    good: { srs_ts_upstream_switches_total: "0+0.5x40" },
  },
  SrsSlowFirstFrame: {
    bad: {
      'srs_ts_first_frame_seconds_bucket{client="viewer",le="5"}': "0+1x40",
      'srs_ts_first_frame_seconds_bucket{client="viewer",le="10"}': "0+10x40",
      'srs_ts_first_frame_seconds_bucket{client="viewer",le="+Inf"}': "0+10x40",
    },
    good: {
      'srs_ts_first_frame_seconds_bucket{client="viewer",le="5"}': "0+10x40",
      'srs_ts_first_frame_seconds_bucket{client="viewer",le="+Inf"}': "0+10x40",
      'srs_ts_first_frame_seconds_bucket{client="server",le="5"}': "0+1x40",
      'srs_ts_first_frame_seconds_bucket{client="server",le="+Inf"}': "0+10x40",
    },
  },
  SrsHighCpu: {
    bad: { srs_cpu_percent: "330x40", srs_ts_machine_cpus: "4x40" },
    good: { srs_cpu_percent: "300x40", srs_ts_machine_cpus: "4x40" },
  },
  SrsHighMemory: {
    bad: { srs_memory: "900000x40", srs_ts_machine_memory_bytes: "1000000000x40" },
    // Where /proc cannot be read, both are 0.
    good: { srs_memory: "0x40", srs_ts_machine_memory_bytes: "0x40" },
  },
};

interopTest("each alert is raised by what it is for, and by nothing else", ["promtool"], async () => {
  assertEquals(Object.keys(cases), rules.map(({ alert }) => alert));
  const withInstance = (series: string) =>
    series.includes("{") ? series.replace("{", '{instance="a:9972",') : `${series}{instance="a:9972"}`;
  const seriesOf = (of: Record<string, string>) =>
    Object.entries(of).map(([series, values]) => ({ series: withInstance(series), values }));
  const tests = Object.entries(cases).flatMap(([name, { bad, good }]) =>
    [[bad, 1], [good, 0]].map(([of, count]) => ({
      name: `${name} ${count}`,
      interval: "1m",
      input_series: seriesOf(of as Record<string, string>),
      // Whatever its labels: how many are raised.
      promql_expr_test: [{
        expr: `count(ALERTS{alertname="${name}",alertstate="firing"}) or vector(0)`,
        eval_time: "30m",
        exp_samples: [{ labels: "{}", value: count }],
      }, {
        expr: 'count(ALERTS{alertstate="firing"}) or vector(0)',
        eval_time: "30m",
        exp_samples: [{ labels: "{}", value: count }],
      }],
    }))
  );
  const file = await Deno.makeTempFile({ suffix: ".yaml" });
  try {
    // JSON is YAML.
    await Deno.writeTextFile(file, JSON.stringify({ rule_files: [path], evaluation_interval: "1m", tests }));
    const { code, said } = await promtool(["test", "rules", file]);
    assertEquals(code, 0, said);
  } finally {
    await Deno.remove(file);
  }
});
