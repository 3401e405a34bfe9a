import { SrsError } from "../../base/errors.ts";

const LOOK_EVERY_MS = 500;

/**
 * Tells when the process that started this one has ended (`asprocess`): then another one takes its place as the parent.
 *
 * @throws {SrsError} `ConfigInvalid` if there is none from the start, as in SRS.
 */
export function watchParent(onEnd: (pid: number) => void): Disposable {
  const parent = Deno.ppid;
  if (parent <= 1) {
    throw new SrsError("ConfigInvalid", "asprocess: the parent process has already exited");
  }
  const timer = setInterval(() => {
    if (Deno.ppid === parent) return;
    clearInterval(timer);
    onEnd(parent);
  }, LOOK_EVERY_MS);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
