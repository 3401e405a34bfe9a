import type { Report, Row } from "./table.ts";

const PANEL_WIDTH = 420;
const PANEL_GAP = 40;
const MARGIN = 16;
const NAME_WIDTH = 128;
const VALUE_WIDTH = 92;
const TOP = 64;
const BAR_HEIGHT = 14;
const BAR_STEP = 21;
const GROUP_STEP = 30;
const FOOT = 26;

/** Readable on white and on dark pages, as the viewer prefers. */
const STYLE = `
text { font: 12px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: #1f2328 }
.title { font-size: 15px; font-weight: 600 }
.panel { font-size: 13px; font-weight: 600 }
.soft { fill: #656d76 }
.number { font-variant-numeric: tabular-nums }
.own { fill: #1f6feb }
.other { fill: #a0a9b3 }
.floor { fill: none; stroke: #8c959f; stroke-dasharray: 3 2 }
.axis { stroke: #8c959f; stroke-opacity: .6 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .soft { fill: #9198a1 }
  .own { fill: #4493f8 }
  .other { fill: #6e7681 }
}`;

/** Draws what a second of one player costs as bars: a panel for each profile, a group for each way to play. */
export function drawPicture({ rows, machine, missing }: Report): string {
  const profiles = [...new Set(rows.map(({ result }) => result.options.kbps))];
  const panels = profiles.map((kbps, i) =>
    drawPanel(rows.filter(({ result }) => result.options.kbps === kbps), kbps, MARGIN + i * (PANEL_WIDTH + PANEL_GAP))
  );
  const width = 2 * MARGIN + panels.length * PANEL_WIDTH + (panels.length - 1) * PANEL_GAP;
  const height = Math.max(0, ...panels.map(({ bottom }) => bottom)) + FOOT;
  const absent = missing.length === 0 ? "" : ` Not measured: ${missing.map(({ server }) => server).join(", ")}.`;
  const players = rows[0]?.result.options.players ?? 0;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">
<title>CPU time of a server for one second of one player</title>
<style>${STYLE}
</style>
${text(MARGIN, 24, "CPU microseconds for one second of one player", "title")}
${text(width - MARGIN, 24, "less is better", "soft", "end")}
${panels.map(({ svg }) => svg).join("\n")}
${text(MARGIN, height - 8, `${players} players, one core. ${machine}.${absent}`, "soft")}
</svg>
`;
}

function drawPanel(rows: Row[], kbps: number, x: number): { svg: string; bottom: number } {
  const most = Math.max(1, ...rows.map(cost));
  const parts = [text(x, TOP - 8, kbps >= 1000 ? `${kbps / 1000} Mbit/s` : `${kbps} kbit/s`, "panel")];
  let y = TOP;
  for (const group of new Set(rows.map(groupOf))) {
    const members = rows.filter((row) => groupOf(row) === group);
    parts.push(text(x, y + 15, group, "soft"));
    y += GROUP_STEP - 8;
    const axis = x + NAME_WIDTH - 1;
    parts.push(
      `<line class="axis" x1="${axis}" x2="${axis}" y1="${y - 2}" y2="${y + members.length * BAR_STEP - 5}"/>`,
    );
    for (const row of members) {
      parts.push(drawBar(row, { x, y, scale: (PANEL_WIDTH - NAME_WIDTH - VALUE_WIDTH) / most }));
      y += BAR_STEP;
    }
    y += 8;
  }
  return { svg: parts.join("\n"), bottom: y };
}

function drawBar(row: Row, { x, y, scale }: { x: number; y: number; scale: number }): string {
  const width = Math.max(1, Math.round(cost(row) * scale));
  const barX = x + NAME_WIDTH;
  const kind = row.server.startsWith("srs-ts") ? "own" : row.server === "floor" ? "floor" : "other";
  const ratio = row.ratio === null ? "" : `  (${row.ratio.toFixed(row.ratio < 10 ? 1 : 0)}x)`;
  return [
    text(barX - 8, y + 11, row.server === "floor" ? "bare Deno loop" : row.server, "", "end"),
    `<rect class="${kind}" x="${barX}" y="${y}" width="${width}" height="${BAR_HEIGHT}" rx="2"/>`,
    text(barX + width + 6, y + 11, `${cost(row).toFixed(0)}${ratio}`, "number"),
  ].join("\n");
}

function cost({ result }: Row): number {
  return result.cpuUsPerClientSecond;
}

function groupOf({ result }: Row): string {
  const { protocol, role } = result.options;
  return `${protocol === "flv" ? "HTTP-FLV" : "RTMP"} from ${role === "edge" ? "an edge" : "an origin"}`;
}

function text(x: number, y: number, content: string, className: string, anchor = "start"): string {
  const escaped = content.replace(/[&<>]/g, (char) => `&#${char.charCodeAt(0)};`);
  const style = className === "" ? "" : ` class="${className}"`;
  const place = anchor === "start" ? "" : ` text-anchor="${anchor}"`;
  return `<text x="${x}" y="${y}"${style}${place} xml:space="preserve">${escaped}</text>`;
}
