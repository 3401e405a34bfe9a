import type { Timers } from "../../../src/base/clock.ts";
import type { Files, World } from "../../../src/base/world.ts";
import { systemWorld } from "../../../src/net/system_world.ts";

/** The world of this process with another clock, and whatever else a test replaces. */
export function worldAt(timers: Timers, replaced: Partial<World> = {}): World {
  const clock = { nowMs: () => timers.nowMs(), after: (ms: number, fn: () => void) => timers.after(ms, fn) };
  return { ...systemWorld, ...clock, wallMs: () => timers.nowMs(), ...replaced };
}

/** Files with these texts; no others can be read at once. */
export function filesWith(texts: Readonly<Record<string, string>>): Files {
  const readTextFileSync = (path: string | URL) => {
    const text = texts[String(path)];
    if (text === undefined) throw new Deno.errors.NotFound(String(path));
    return text;
  };
  return { ...systemWorld.files, readTextFileSync };
}
