import type { SystemFacts } from "../../config/mod.ts";

/** What can be learnt of the machine with the permissions at hand; a check that misses its fact is left out. */
export function systemFacts(): SystemFacts {
  const maxOpenFiles = readMaxOpenFiles();
  const canSeeNetwork = Deno.permissions.querySync({ name: "sys", kind: "networkInterfaces" }).state === "granted";
  const addresses = canSeeNetwork ? Deno.networkInterfaces().map(({ address }) => address) : null;
  return {
    ...(maxOpenFiles === null ? {} : { maxOpenFiles }),
    ...(addresses === null ? {} : { localAddresses: addresses.length, localIps: addresses }),
  };
}

/** `ulimit -n`, which Deno has raised as far as it may; null where the system does not tell. */
function readMaxOpenFiles(): number | null {
  const path = "/proc/self/limits";
  // Asked for it, a terminal would show a question.
  if (Deno.permissions.querySync({ name: "read", path }).state !== "granted") return null;
  try {
    const limit = /^Max open files\s+(\d+)/m.exec(Deno.readTextFileSync(path))?.[1];
    return limit === undefined ? null : Number(limit);
  } catch {
    // Not on this system, or not without --allow-all.
    return null;
  }
}
