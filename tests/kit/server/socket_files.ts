/** Open sockets of this process, as Linux shows them. */

/** `/proc/self/fd` link of the socket with these ports. Other test files run in this process: never count sockets. */
export function socketLink(localPort: number, remotePort: number): string {
  const hex = (port: number) => `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  for (const line of Deno.readTextFileSync("/proc/self/net/tcp").split("\n")) {
    const fields = line.trim().split(/\s+/);
    if (fields[1]?.endsWith(hex(localPort)) && fields[2]?.endsWith(hex(remotePort))) return `socket:[${fields[9]}]`;
  }
  throw new Error(`No socket from port ${localPort} to ${remotePort}`);
}

/** Whether this process still has it. */
export function isOpen(link: string): boolean {
  for (const entry of Deno.readDirSync("/proc/self/fd")) {
    try {
      if (Deno.readLinkSync(`/proc/self/fd/${entry.name}`) === link) return true;
    } catch {
      // Closed between the listing and here.
    }
  }
  return false;
}

/** Waits until something holds; false if it never does. */
export async function eventually(holds: () => boolean, timeoutMs = 2000): Promise<boolean> {
  const until = performance.now() + timeoutMs;
  while (!holds()) {
    if (performance.now() > until) return false;
    await sleep(10);
  }
  return true;
}

/** Waits some milliseconds. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
