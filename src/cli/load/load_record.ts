import type { FleetSummary, FleetWindow } from "./player_fleet.ts";
import type { PublishCounters } from "./publisher_fleet.ts";
import type { Quantiles } from "./quantiles.ts";

/** A load that was late by more measures itself. */
const MAX_STALL_MS = 100;
/** Lines between two heads of the table. */
const PAGE_LINES = 20;

/** What was measured over all windows. */
export class LoadRecord {
  #seconds = 0;
  #bytes = 0;
  #drops = 0;
  #lost = 0;
  #stalls = 0;
  #maxGapMs = 0;
  #maxLagMs = 0;
  #wasConnected = false;

  /** At least one player was connected at some time. */
  get wasConnected(): boolean {
    return this.#wasConnected;
  }

  /** @param counts Whether all players have started: before, gaps and lag are of the start. */
  add({ bytes, drops, lost, stallMs, gapMs, lagMs, connected }: FleetWindow, counts: boolean): void {
    this.#wasConnected ||= connected > 0 || lost > 0;
    this.#lost += lost;
    if (!counts) return;
    this.#seconds++;
    this.#bytes += bytes;
    this.#drops += drops;
    if (stallMs > MAX_STALL_MS) this.#stalls++;
    this.#maxGapMs = Math.max(this.#maxGapMs, gapMs.max ?? 0);
    this.#maxLagMs = Math.max(this.#maxLagMs, lagMs.max ?? 0);
  }

  totals() {
    return {
      seconds: this.#seconds,
      kbps: Math.round(this.#bytes * 8 / 1000 / Math.max(1, this.#seconds)),
      drops: this.#drops,
      lost: this.#lost,
      stalledSeconds: this.#stalls,
      maxGapMs: this.#maxGapMs,
      maxLagMs: this.#maxLagMs,
    };
  }

  /** What is to be said at the end, and what makes the run a failure. */
  judge(
    { players, failed, failures, firstFrameMs }: FleetSummary,
    limitMs: number,
  ): { text: string; faults: string[] } {
    const { seconds, kbps, drops, lost, stalledSeconds, maxGapMs, maxLagMs } = this.totals();
    const faults = [
      ...(failed > 0 ? [`${failed} of ${players} players had no frame${because(failures)}`] : []),
      ...(lost > 0
        ? [lost === 1 ? "1 connection was ended by the server" : `${lost} connections were ended by the server`]
        : []),
      ...(maxGapMs > limitMs ? [`a player had nothing for ${maxGapMs} ms, the limit is ${limitMs} ms`] : []),
    ];
    const lines = [
      `${players - failed} of ${players} players, measured for ${seconds} s: ${(kbps / 1000).toFixed(1)} Mbit/s`,
      `first frame ${
        spread(firstFrameMs)
      } ms (half, 99 %, all); longest gap ${maxGapMs} ms, lag ${maxLagMs} ms; ${drops} drops`,
      ...(stalledSeconds > 0
        ? [`the load itself was late in ${stalledSeconds} of ${seconds} s: give it more CPU`]
        : []),
      ...faults.map((fault) => `FAILED: ${fault}`),
    ];
    return { text: `${lines.join("\n")}\n`, faults };
  }
}

/** One line of the table of "load play", with the head above it now and then. */
export function playLine(window: FleetWindow, line: number): string {
  const { connected, players, failed, bytes, frames, firstFrameMs, lagMs, gapMs, latencyMs, drops, lost, stallMs } =
    window;
  const cells = [
    `${connected}/${players}`,
    String(failed),
    (bytes * 8 / 1e6).toFixed(1),
    String(frames),
    spread(firstFrameMs),
    spread(latencyMs),
    spread(lagMs),
    String(gapMs.max ?? "-"),
    String(drops),
    String(lost),
  ];
  const note = stallMs > MAX_STALL_MS ? `  (the load was late by ${stallMs} ms)` : "";
  return `${line % PAGE_LINES === 0 ? `${row(PLAY_HEAD)}\n` : ""}${row(cells)}${note}\n`;
}

/** One line of the table of "load publish". */
export function publishLine(
  { alive, publishers, bytes, messages, dropped }: PublishCounters & { alive: number; publishers: number },
  line: number,
): string {
  const head = `${"streams".padStart(11)}  ${"Mbit/s".padStart(8)}  ${"messages".padStart(8)}  dropped\n`;
  const cells = [
    `${alive}/${publishers}`.padStart(11),
    (bytes * 8 / 1e6).toFixed(1).padStart(8),
    String(messages).padStart(8),
  ];
  return `${line % PAGE_LINES === 0 ? head : ""}${cells.join("  ")}  ${String(dropped).padStart(7)}\n`;
}

const PLAY_HEAD = ["players", "waiting", "Mbit/s", "frames", "first ms", "latency", "lag ms", "gap", "drops", "lost"];
const WIDTHS = [9, 7, 7, 7, 13, 11, 11, 5, 5, 4];

function row(cells: readonly string[]): string {
  return cells.map((cell, i) => cell.padStart(WIDTHS[i] ?? 0)).join(" ").trimEnd();
}

function spread({ p50, p99, max }: Quantiles): string {
  return max === null ? "-" : `${Math.round(p50 ?? 0)}/${Math.round(p99 ?? 0)}/${Math.round(max)}`;
}

function because(failures: readonly string[]): string {
  return failures.length === 0 ? "" : `: ${failures.slice(0, 3).join("; ")}`;
}
