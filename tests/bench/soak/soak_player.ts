import { encodeLoadAmf, encodeLoadChunks } from "../../../src/cli/load/rtmp_load_client.ts";

/** What a player plays, and how. */
export interface SoakPlay {
  readonly protocol: "rtmp" | "http";
  readonly port: number;
  readonly stream: string;
  /** How long it reads, ms; then for how long it reads nothing; then it closes, whatever is on its way. */
  readonly readMs: number;
  readonly stallMs: number;
}

const READ_BYTES = 16 * 1024;
const HANDSHAKE_BYTES = 1536;
const encoder = new TextEncoder();

/**
 * Plays once, in the least number of calls, and leaves in the middle of whatever the server sends.
 *
 * @returns Bytes received, and whether the server ended the connection.
 */
export async function playOnce(play: SoakPlay): Promise<{ bytes: number; isEndedByServer: boolean }> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port: play.port });
  const buffer = new Uint8Array(READ_BYTES);
  let bytes = 0;
  const leavesAtMs = performance.now() + play.readMs;
  // Closed by the `using`, a read that waits would go on; this ends it.
  const timer = setTimeout(() => closeQuietly(conn), play.readMs + play.stallMs);
  try {
    await writeAll(conn, play.protocol === "rtmp" ? rtmpRequest(play) : httpRequest(play));
    while (performance.now() < leavesAtMs) {
      const count = await conn.read(buffer);
      if (count === null) return { bytes, isEndedByServer: true };
      bytes += count;
    }
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, leavesAtMs + play.stallMs - performance.now())));
    return { bytes, isEndedByServer: false };
  } catch {
    return { bytes, isEndedByServer: performance.now() < leavesAtMs };
  } finally {
    clearTimeout(timer);
  }
}

function closeQuietly(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch {
    // Closed before.
  }
}

async function writeAll(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
}

function httpRequest({ stream }: SoakPlay): Uint8Array {
  return encoder.encode(`GET /live/${stream}.flv HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
}

/** Handshake and commands, without waiting for an answer. */
function rtmpRequest({ port, stream }: SoakPlay): Uint8Array {
  const handshake = new Uint8Array(1 + 2 * HANDSHAKE_BYTES);
  handshake[0] = 3;
  const tcUrl = `rtmp://127.0.0.1:${port}/live`;
  const command = (msid: number, payload: Uint8Array) =>
    encodeLoadChunks({ csid: 3, typeId: 20, msid, timestampMs: 0 }, payload, 128);
  const parts = [
    handshake,
    command(0, encodeLoadAmf("connect", 1, { app: "live", tcUrl })),
    command(0, encodeLoadAmf("createStream", 2, null)),
    command(1, encodeLoadAmf("play", 3, null, stream)),
  ];
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  parts.reduce((at, part) => (all.set(part, at), at + part.length), 0);
  return all;
}
