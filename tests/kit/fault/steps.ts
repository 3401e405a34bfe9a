import { assertEquals } from "../assert.ts";
import { FaultRig, type RigOptions } from "./fault_rig.ts";
import { formatGaps, print } from "./gap_table.ts";
import { KNOWN_OF_SRS, type Subject, subjects } from "./subjects.ts";

/** Runs one step with a cluster that has no clients yet; it gives the flaws that players saw. */
export type Step = (name: string, fn: () => Promise<string[]>) => Promise<void>;

/** After this time a server has forgotten the streams of the step before: sources linger for 3 s. */
const FORGOTTEN_MS = 3500;

/**
 * Declares one test for each server program at hand: steps that share a cluster, with a table of gaps at the end. What
 * others than this project's program do is only measured.
 */
export function faultTest(
  name: string,
  fn: (step: Step, rig: FaultRig, subject: Subject) => Promise<void>,
  options: RigOptions & { missing?: string | null } = {},
): void {
  const { missing = null } = options;
  for (const subject of subjects()) {
    const suffix = missing === null ? "" : ` (${missing})`;
    Deno.test({ name: `${subject.name}: ${name}${suffix}`, ignore: missing !== null }, async (t) => {
      await using rig = await FaultRig.start(subject, options);
      let steps = 0;
      await fn(
        async (stepName, body) => {
          if (steps++ > 0) await pause(FORGOTTEN_MS);
          await t.step({
            name: stepName,
            // The runner must not take what the clients of a step leave behind for a leak of the next.
            sanitizeOps: false,
            sanitizeResources: false,
            fn: async () => {
              try {
                const flaws = await body();
                if (subject.isOurs) assertEquals(flaws, []);
              } finally {
                rig.clear();
                // A step that fails midway leaves the next one a whole cluster.
                await rig.cluster.recover();
              }
            },
          });
        },
        rig,
        subject,
      );
      print(formatGaps(subject.name, rig.rows) + (Deno.env.has("SRS_BIN") ? "" : `\n${KNOWN_OF_SRS}`));
    });
  }
}

/** Waits some milliseconds. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
