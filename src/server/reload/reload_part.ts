import type { Config } from "../../config/mod.ts";

/**
 * A part of the server that takes over a new configuration in two steps, so that a failure in any part changes nothing
 * in the others.
 */
export interface ReloadPart {
  /**
   * Gets hold of everything the new configuration needs, while the old one is in force.
   *
   * @throws {SrsError} If that fails; then nothing has changed.
   */
  prepare(next: Config): PreparedReload | Promise<PreparedReload>;
}

/** What was got hold of. Exactly one of the two is called; neither throws. */
export interface PreparedReload {
  /** Puts it to use. */
  commit(): void;
  /** Gives it back: the old configuration stays. */
  abandon(): void;
}
