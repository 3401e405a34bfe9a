/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />

/** What an attacker sends: once, and then over and over. */
export interface Flood {
  readonly port: number;
  readonly once: Uint8Array<ArrayBuffer>;
  readonly repeated: Uint8Array<ArrayBuffer>;
  readonly forMs: number;
}

/** One that always sends, in a thread that does nothing else. Reports the bytes that were taken of it. */
self.onmessage = async ({ data: { port, once, repeated, forMs } }: MessageEvent<Flood>) => {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const buffer = new Uint8Array(1024 * 1024);
  // It reads without end, so that the other side can always write.
  const reading = (async () => {
    while (await conn.read(buffer) !== null);
  })().catch(() => {});
  let taken = 0;
  try {
    await conn.write(once);
    const timer = setTimeout(() => conn.close(), forMs);
    for (const endMs = performance.now() + forMs; performance.now() < endMs;) {
      taken += await conn.write(repeated.subarray(taken % repeated.length));
    }
    clearTimeout(timer);
  } catch {
    // The time is over, or the server has had enough.
  }
  self.postMessage(taken);
  await reading;
};
self.postMessage(null);
