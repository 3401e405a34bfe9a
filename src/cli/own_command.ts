const permissions = ["net", "read", "write", "env", "sys", "run", "ffi"] as const;

/** A short young generation of the heap: what is read is garbage at once, and a long one takes 50 MB more. */
export const V8_FLAGS = "--max-semi-space-size=4";

/** The command line that starts this very program again, with the permissions that it has. */
export function ownCommand(): [string, ...string[]] {
  if (Deno.build.standalone) return [Deno.execPath()];
  const granted = permissions.filter((name) => Deno.permissions.querySync({ name }).state === "granted");
  const flags = granted.length === permissions.length ? ["--allow-all"] : granted.map((name) => `--allow-${name}`);
  return [Deno.execPath(), "run", "--quiet", ...flags, `--v8-flags=${V8_FLAGS}`, import.meta.resolve("../../main.ts")];
}
