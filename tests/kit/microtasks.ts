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

/** After so many steps the event loop has its turn, and reports promises that failed and that nobody handles. */
const STEPS = 100;

/**
 * Takes one step after the other, and after each comes whatever follows from it.
 *
 * @param step Returns whether it was the last one.
 */
export async function takeSteps(step: () => boolean): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const go = () => {
    try {
      for (let left = runMicrotasks === null ? 1 : STEPS; left > 0; left--) {
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
