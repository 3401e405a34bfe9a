import { histograms } from "../../../../src/http/metrics/histogram.ts";
import { metrics } from "../../../../src/http/metrics/metrics.ts";
import { assert, assertEquals, assertGreater } from "../../../kit/assert.ts";
import { apiOf, fakeServer } from "../../../kit/peers/fake_server.ts";

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

const file = new URL("../../../../conf/grafana-dashboard.json", import.meta.url);
const dashboard = JSON.parse(Deno.readTextFileSync(file));
const panels = dashboard.panels as readonly Panel[];
const targets = panels.flatMap(({ targets = [] }) => targets);
const queries = [...targets.map(({ expr }) => expr), ...dashboard.templating.list.flatMap(queryOf)];

function queryOf({ type, query }: { type: string; query: { query: string } }): string[] {
  return type === "query" ? [query.query] : [];
}

function namesIn(text: string): string[] {
  return (text.match(/\bsrs_\w+/g) ?? []).map((name) => name.replace(/_bucket$/, ""));
}

Deno.test("every metric that the dashboard asks for is one that /metrics answers", async () => {
  const answer = await apiOf(fakeServer("exporter { enabled on; } vhost a {}"))("/metrics");
  const served = new Set([...(await answer.text()).matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name));
  assertGreater(queries.length, 20);
  for (const query of queries) {
    const names = namesIn(query);
    assertGreater(names.length, 0, query);
    assertEquals(names.filter((name) => !served.has(name)), [], query);
  }
});

Deno.test("the dashboard takes counters as rates, and labels that its metrics have", () => {
  const buckets = histograms.map(({ labels, ...rest }) => ({ ...rest, type: "histogram", labels: [...labels, "le"] }));
  const byName = new Map([...metrics, ...buckets].map((metric) => [metric.name, metric]));
  for (const { expr, legendFormat } of targets) {
    for (const name of namesIn(expr)) {
      const isRate = new RegExp(`(rate|increase)\\(${name}(?:_bucket)?\\b`).test(expr);
      assertEquals(isRate, byName.get(name)?.type !== "gauge", expr);
    }
    const known = new Set(["instance", ...namesIn(expr).flatMap((name) => byName.get(name)?.labels ?? [])]);
    const used = [...`${legendFormat} ${expr}`.matchAll(/\{\{(\w+)\}\}|by \(([^)]*)\)|(\w+)=~?"/g)];
    const labels = used.flatMap(([, legend, by, matcher]) => legend ?? by?.split(", ") ?? matcher ?? []);
    assertEquals(labels.filter((label) => !known.has(label)), [], expr);
  }
});

Deno.test("the panels of the dashboard have ids of their own and do not lie upon each other", () => {
  assertEquals(new Set(panels.map(({ id }) => id)).size, panels.length);
  const cells = new Set<string>();
  for (const { title, gridPos: { x, y, w, h } } of panels) {
    assert(x >= 0 && x + w <= 24, title);
    for (let i = 0; i < w * h; i++) {
      const cell = `${x + i % w},${y + Math.floor(i / w)}`;
      assert(!cells.has(cell), `${title} at ${cell}`);
      cells.add(cell);
    }
  }
});
