/** Which of the peers' programs are on this machine. A missing one makes its tests skip, visibly; CI installs them all. */
export function isInstalled(program: string): boolean {
  return (Deno.env.get("PATH") ?? "").split(":").some((dir) => {
    try {
      return Deno.statSync(`${dir}/${program}`).isFile;
    } catch {
      return false;
    }
  });
}

/** Defines a test that needs programs of others. */
export function interopTest(name: string, programs: readonly string[], fn: () => Promise<void>): void {
  const missing = programs.filter((program) => !isInstalled(program));
  const suffix = missing.length === 0 ? "" : ` (not installed: ${missing.join(", ")})`;
  Deno.test({ name: name + suffix, ignore: missing.length > 0, fn });
}
