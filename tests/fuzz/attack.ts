import { parseArgs } from "@std/cli/parse-args";
import { runAttack } from "../kit/attack/attack_run.ts";

/**
 * Attacks a server of this machine beside a publisher and a player, and says what they noticed: `deno task attack`.
 * Ends with status 1 if they did.
 */
const { minutes, seed, rate, help } = parseArgs(Deno.args, {
  string: ["minutes", "seed", "rate"],
  boolean: ["help"],
  default: { minutes: "10", seed: String(Date.now() % 100_000), rate: "500" },
});
if (help) {
  print(
    "deno task attack [--minutes 10] [--rate 500] [--seed N]\n\nThe seed is printed: the same one attacks in the same way.",
  );
  Deno.exit(0);
}
print(`seed ${seed}: ${rate} hostile connections a second for ${minutes} min`);
const report = await runAttack({
  seed: Number(seed),
  seconds: Number(minutes) * 60,
  rate: Number(rate),
  onProgress: print,
});
print(JSON.stringify(report, null, 2));
const { breaks, faults, isAlive, filesLeft } = report;
Deno.exit(isAlive && breaks.length === 0 && faults.length === 0 && filesLeft < 10 ? 0 : 1);

function print(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}
