import type { VhostHandle } from "../../config/mod.ts";
import { hookUrls } from "../hooks/hooks.ts";
import type { HookSubject } from "../hooks/payload.ts";
import type { RecordingRun } from "./recording_run.ts";
import type { RecordingContext } from "./recording_context.ts";

/** Tells `on_dvr` of a file that is complete. */
export function tellRecorded(
  { hooks, log, world }: Pick<RecordingContext, "hooks" | "log" | "world">,
  { now: vhost }: VhostHandle,
  subject: HookSubject,
  path: string,
  run: RecordingRun | null = null,
): void {
  if (hookUrls(vhost, "on_dvr").length === 0) return;
  if (hooks.isFull) return log.warn(`on_dvr of ${path} was not sent: too many hook calls are pending`);
  // Without coworkers, a publish has no epoch, and no other server goes on with it.
  const file = { cwd: world.process.cwd(), file: path, ...(run === null || run.epoch === 0 ? {} : run) };
  hooks.track(hooks.tell("on_dvr", vhost, { ...subject, file }, log));
}
