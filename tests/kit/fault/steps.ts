import { assertEquals } from "../assert.ts";
import { FaultRig, type RigOptions } from "./fault_rig.ts";
import { formatGaps, print } from "./gap_table.ts";
import { KNOWN_OF_SRS, type Subject, subjects } from "./subjects.ts";

/** Runs one step with a cluster that has no clients yet; it gives the flaws that players saw. */
export type Step = (name: string, fn: () => Promise<string[]>) => Promise<void>;

/** After this time a server has forgotten the streams of the step before: sources linger for 3 s. */
const FORGOTTEN_MS = 3500;

/** Options of {@link faultTest}. */
export interface FaultTestOptions extends RigOptions {
  /** Why the test cannot run here. */
  missing?: string | null;
  /** What others than this project's program do not know of the cluster's configuration. */
  extension?: string;
}

/**
 * Declares one test for each server program at hand: steps that share a cluster, with a table of gaps at the end.
 *
 * What others than this project's program do is only measured: where they do not come through a step, the table says so.
 * If nothing at all could be measured, it is the rig that is broken.
 */
export function faultTest(
  name: string,
  fn: (step: Step, rig: FaultRig, subject: Subject) => Promise<void>,
  options: FaultTestOptions = {},
): void {
  for (const subject of subjects()) {
    const missing = options.missing ?? (subject.isOurs || !options.extension ? null : `has no ${options.extension}`);
    const suffix = missing === null ? "" : ` (${missing})`;
    Deno.test({ name: `${subject.name}: ${name}${suffix}`, ignore: missing !== null }, async (t) => {
      await using rig = await FaultRig.start(subject, options);
      let steps = 0;
      const failures: string[] = [];
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
              } catch (error) {
                if (subject.isOurs) throw error;
                failures.push(`${stepName}: ${firstLine(error)}`);
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
      const remarks = Deno.env.has("SRS_BIN") ? failures : [KNOWN_OF_SRS];
      print([formatGaps(subject.name, rig.rows), ...remarks].join("\n"));
      if (failures.length > 0 && rig.rows.length === 0) {
        throw new Error(`nothing was measured:\n${failures.join("\n")}`);
      }
    });
  }
}

/** Waits some milliseconds. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function firstLine(error: unknown): string {
  return String(error instanceof Error ? error.message : error).trim().replace(/\n.*/s, "").slice(0, 200);
}
