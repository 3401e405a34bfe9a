import { setImmediate } from "node:timers";

/** What Deno's own modules have of it; not documented, and absent where Deno has changed. */
interface Inside {
  readonly core?: { runMicrotasks?(): void };
}

const { core }: Inside = (Deno as unknown as Record<symbol, Inside>)[
  (Deno as unknown as { readonly internal: symbol }).internal
] ?? {};

/** Runs what waits for promises only, at once, where it is called from no such code itself; null where that cannot be. */
export const runMicrotasks: (() => void) | null = core?.runMicrotasks?.bind(core) ?? null;

/** After so many steps the event loop has its turn: it may settle promises of its own, and reports those that nobody handles. */
const STEPS_A_TURN = 10;

/**
 * Takes one step after the other, and after each comes whatever follows from it.
 *
 * @param step Returns whether it was the last one.
 * @param stepsATurn After so many the event loop has its turn.
 */
export async function takeSteps(step: () => boolean, stepsATurn = STEPS_A_TURN): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const go = () => {
    try {
      for (let left = runMicrotasks === null ? 1 : stepsATurn; left > 0; left--) {
        if (step()) return resolve();
        runMicrotasks?.();
      }
      setImmediate(go);
    } catch (error) {
      reject(error);
    }
  };
  setImmediate(go);
  await promise;
}
