const permissions = ["net", "read", "write", "env", "sys", "run", "ffi"] as const;

/** The command line that starts this very program again, with the permissions that it has. */
export function ownCommand(): [string, ...string[]] {
  if (Deno.build.standalone) return [Deno.execPath()];
  const granted = permissions.filter((name) => Deno.permissions.querySync({ name }).state === "granted");
  const flags = granted.length === permissions.length ? ["--allow-all"] : granted.map((name) => `--allow-${name}`);
  return [Deno.execPath(), "run", "--quiet", ...flags, import.meta.resolve("../../main.ts")];
}
