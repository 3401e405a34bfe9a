import type { World } from "../../base/world.ts";
import type { ConnectAddress } from "../../config/mod.ts";
import type { SpokenProtocol } from "./trouble.ts";

/** C0 and C1: what an RTMP server waits for before it says a word. Source: RTMP 1.0 §5.2. */
const CLIENT_HELLO_BYTES = 1 + 1536;
const RTMP_VERSION = 3;
const TLS_ALERT = 0x15;

/**
 * Finds out what speaks at a port that does not answer HTTP: begins the handshake of RTMP, and looks at the first byte that
 * comes back. Null if that tells nothing. Never rejects.
 */
export async function checkPort(
  world: Pick<World, "connect" | "randomBytes" | "after">,
  { host, port }: Pick<ConnectAddress, "host" | "port">,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<SpokenProtocol | null> {
  const giveUp = new AbortController();
  const onStop = () => giveUp.abort();
  signal.addEventListener("abort", onStop, { once: true });
  if (signal.aborted) onStop();
  const timer = world.after(timeoutMs, onStop);
  try {
    const socket = await world.connect({ host, port }, giveUp.signal);
    const close = () => closeQuietly(socket);
    giveUp.signal.addEventListener("abort", close, { once: true });
    try {
      if (giveUp.signal.aborted) return null;
      const hello = world.randomBytes(CLIENT_HELLO_BYTES);
      hello.set([RTMP_VERSION, 0, 0, 0, 0, 0, 0, 0, 0]);
      for (let at = 0; at < hello.length;) at += await socket.write(hello.subarray(at));
      const first = new Uint8Array(1);
      const count = await socket.read(first);
      if (count !== 1) return null;
      return first[0] === RTMP_VERSION ? "rtmp" : first[0] === TLS_ALERT ? "tls" : null;
    } finally {
      giveUp.signal.removeEventListener("abort", close);
      close();
    }
  } catch {
    // Nothing that could be connected to, or it was ended: that tells nothing.
    return null;
  } finally {
    timer.cancel();
    signal.removeEventListener("abort", onStop);
  }
}

function closeQuietly(socket: { close(): void }): void {
  try {
    socket.close();
  } catch {
    // Closed already.
  }
}
