import { assertEquals } from "../kit/assert.ts";
import { newSeed } from "./cli/options.ts";
import { print } from "./cli/print.ts";
import { drawScenario } from "./draw.ts";
import { readRegressions } from "./regressions.ts";
import { runScenario } from "./run.ts";
import { tellStory } from "./story.ts";

/** Played each time. */
const FIXED_SEEDS = 200;
/** Played once, and never again. */
const NEW_SEEDS = 50;
/** New seeds are left out where the machine has had no time for them. */
const MAX_MS = 60_000;
const AGAIN = 10;

const playSeed = (seed: number) => runScenario(drawScenario(seed));
/** Of the first ones, as they were played first. */
const hashes = new Map<number, string>();

/** Says of a failure what is needed to see it again. */
async function playWell(seed: number): Promise<number> {
  const { scenario, failures, simulatedMs, hash } = await playSeed(seed);
  hashes.set(seed, hash);
  if (failures.length === 0) return simulatedMs;
  const again = `deno task sim --seed ${seed} --shrink`;
  throw new Error(`${again}\n${tellStory(scenario)}\n${failures.join("\n")}`);
}

Deno.test("days of clusters, as seeds draw them, end well", async (t) => {
  const startedMs = performance.now();
  let simulatedMs = 0;
  await t.step(`${FIXED_SEEDS} that are always the same`, async () => {
    for (let seed = 1; seed <= FIXED_SEEDS; seed++) simulatedMs += await playWell(seed);
  });
  const from = newSeed();
  await t.step(`new ones from ${from} on`, async () => {
    for (let seed = from; seed < from + NEW_SEEDS; seed++) {
      if (performance.now() - startedMs > MAX_MS) break;
      simulatedMs += await playWell(seed);
    }
  });
  const tookMs = performance.now() - startedMs;
  const cpu = Deno.build.os === "linux" ? `, ${(await cpuSeconds()).toFixed(0)} s of processors` : "";
  print(`${(tookMs / 1000).toFixed(0)} s${cpu}, ${(simulatedMs / tookMs).toFixed(0)} simulated seconds a second`);
});

Deno.test("the same seed does the same", async () => {
  for (let seed = 1; seed <= AGAIN; seed++) if (!hashes.has(seed)) hashes.set(seed, (await playSeed(seed)).hash);
  // In another order: nothing is left of the days before.
  for (let seed = AGAIN; seed >= 1; seed--) assertEquals((await playSeed(seed)).hash, hashes.get(seed));
  assertEquals(await hashElsewhere(1), hashes.get(1));
});

Deno.test("scenarios that failed once end well", async (t) => {
  for (const { name, cause, scenario } of await readRegressions()) {
    await t.step(name, async () => {
      const { failures } = await runScenario(scenario);
      assertEquals(failures, [], cause);
    });
  }
});

/** In a process of its own. */
async function hashElsewhere(seed: number): Promise<string | undefined> {
  const main = new URL("./sim.ts", import.meta.url).pathname;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", main, "--seed", String(seed)],
    stderr: "null",
  }).output();
  return /hash (\w+)/.exec(new TextDecoder().decode(stdout))?.[1];
}

/** Of this process since it began, in all threads. */
async function cpuSeconds(): Promise<number> {
  const [, , ...fields] = (await Deno.readTextFile("/proc/self/stat")).split(/\) | /);
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
