/**
 * Measures what it costs a server to send streams to many players, over real sockets on the loopback interface.
 *
 *     deno task bench --help
 */
import { type Capacity, findCapacity, formatCapacities } from "./capacity.ts";
import { type Case, casesOf, usualRampSeconds } from "./cases.ts";
import { printLine } from "./control.ts";
import { benchHls } from "./hls/hls_bench.ts";
import { type Measurement, measurePeer } from "./measure.ts";
import { type BenchOptions, help, parseOptions } from "./options.ts";
import { type Peer, peers } from "./peers.ts";
import { drawPicture } from "./picture.ts";
import { benchSoak } from "./soak/soak_bench.ts";
import { doubts, formatTable, isDisturbed, type Report, rowsOf } from "./table.ts";

/** Start, warm-up and settling of one row. */
const OVERHEAD_SECONDS = 4.2;

const say = (text: string) => printLine(text, Deno.stderr);

async function bench(options: BenchOptions): Promise<number> {
  const startedAtMs = performance.now();
  const missing: Report["missing"] = [];
  const present: Peer[] = [];
  for (const name of options.servers) {
    const peer = peers.find((each) => each.name === name)!;
    const why = await peer.prepare();
    if (why === null) present.push(peer);
    else missing.push({ server: name, why });
  }
  const cases = casesOf(options, present);
  if (options.mode.kind === "capacity") return await benchCapacity(cases, options, missing);
  const planned = cases.reduce(
    (sum, each) => sum + each.options.seconds + each.options.rampSeconds + OVERHEAD_SECONDS,
    0,
  );
  await say(`${cases.length} measurements, about ${Math.ceil(planned / 60)} min`);
  const done: { each: Case; result: Measurement }[] = [];
  for (const [i, each] of cases.entries()) {
    await say(`[${i + 1}/${cases.length}] ${each.title}: ${each.peer.name}`);
    try {
      done.push({ each, result: await measureCalmly(each, options.retries) });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      missing.push({ server: each.peer.name, why: `${each.title}: ${why}` });
    }
  }
  const seconds = Math.round((performance.now() - startedAtMs) / 1000);
  const report: Report = { mode: options.mode, machine: machine(), rows: rowsOf(done), missing, seconds };
  await printLine(describe(report));
  if (options.json !== null) await Deno.writeTextFile(options.json, JSON.stringify(report, null, 2));
  if (options.svg !== null) await Deno.writeTextFile(options.svg, drawPicture(report));
  return cases.length > 0 && done.length === cases.length ? 0 : 1;
}

/** Searches for the most players of each server; the rows are many, and as long as they need to be. */
async function benchCapacity(cases: Case[], { rampSeconds, json }: BenchOptions, missing: Report["missing"]) {
  const found: Capacity[] = [];
  for (const { peer, options, title } of cases) {
    const measure = async (players: number) => {
      await say(`${title}: ${peer.name}, ${players} players`);
      return await measurePeer(peer, { ...options, players, rampSeconds: rampSeconds ?? usualRampSeconds(players) });
    };
    try {
      found.push(await findCapacity(peer.name, measure));
    } catch (error) {
      missing.push({ server: peer.name, why: error instanceof Error ? error.message : String(error) });
    }
  }
  await printLine([
    machine(),
    "",
    formatCapacities(cases[0]?.options.kbps ?? 0, found),
    ...missing.map(({ server, why }) => `NOT MEASURED ${server}: ${why}`),
  ].join("\n"));
  if (json !== null) await Deno.writeTextFile(json, JSON.stringify(found, null, 2));
  return found.length === cases.length ? 0 : 1;
}

/** Measures again while other programs disturb; gives the least disturbed result. */
async function measureCalmly({ peer, options }: Case, retries: number): Promise<Measurement> {
  let best = await measurePeer(peer, options);
  let next = best;
  for (let i = 0; i < retries && isDisturbed(best); i++) {
    await say(`  again: other programs took ${next.othersPercent.toFixed(0)} % of a core`);
    next = await measurePeer(peer, options);
    if (next.othersPercent < best.othersPercent) best = next;
  }
  return best;
}

function describe({ mode, machine, rows, missing, seconds }: Report): string {
  const notes = new Map(rows.map(({ server, result }) => [server, result.note]));
  return [
    machine,
    "",
    formatTable(mode, rows),
    "",
    ...[...notes].map(([server, note]) => `${server}: ${note}`),
    ...missing.map(({ server, why }) => `NOT MEASURED ${server}: ${why}`),
    ...rows.flatMap(doubts).map((text) => `DOUBTFUL ${text}`),
    `took ${Math.floor(seconds / 60)} min ${seconds % 60} s`,
  ].join("\n");
}

/** What was measured on. */
export function machine(): string {
  const cpu = /model name\s*: (.*)/.exec(Deno.readTextFileSync("/proc/cpuinfo"))?.[1] ?? "unknown processor";
  return `${cpu}, ${navigator.hardwareConcurrency} cores, Linux ${Deno.osRelease()}, Deno ${Deno.version.deno}`;
}

async function main(): Promise<number> {
  if (Deno.args.some((arg) => /^--hls(?:-viewers)?(?:=|$)/.test(arg))) return await benchHls(Deno.args);
  if (Deno.args.some((arg) => /^--soak(?:=|$)/.test(arg))) return await benchSoak(Deno.args);
  let options: BenchOptions | null;
  try {
    // `deno task bench -- --curve` hands the "--" on.
    options = parseOptions(Deno.args.filter((arg) => arg !== "--"));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    await say(`${error.message}\nTry --help`);
    return 2;
  }
  if (options === null) {
    await printLine(help);
    return 0;
  }
  return await bench(options);
}

if (import.meta.main) Deno.exit(await main());
