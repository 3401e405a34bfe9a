import type { Logger } from "../../base/log.ts";
import type { World } from "../../base/world.ts";
import type { Hooks } from "../hooks/hooks.ts";
import type { HeldSubject } from "../hooks/hook_book.ts";
import type { QueueBudget } from "./queue_budget.ts";
import type { RecordingRun } from "./recording_run.ts";
import type { RecordingBook } from "./recording_book.ts";

/** What all recordings of a server share. */
export interface RecordingContext {
  readonly world: Pick<World, "files" | "lockFile" | "after" | "nowMs" | "wallMs" | "randomBytes"> & {
    readonly process: Pick<World["process"], "cwd">;
  };
  readonly log: Logger;
  readonly hooks: Pick<Hooks, "tell" | "track" | "isFull">;
  readonly budget: QueueBudget;
  readonly book: RecordingBook;
  /** `utc_time`, at this moment. */
  readonly isUtc: () => boolean;
  /** The latest run of a stream's recording at another server, from where its publisher came a moment ago; null for none. */
  findRun(key: string, epoch: number, withinMs: number): Promise<RecordingRun | null>;
  /** What hooks are told of a stream and who publishes it. */
  subjectOf(key: string): HeldSubject;
}
