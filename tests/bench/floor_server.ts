/**
 * The lower bound of a fan-out in Deno: every 350 ms one shared buffer goes to all players with one write each.
 *
 *     deno run -A tests/bench/floor_server.ts --port 1935 --kbps 2500
 *     deno run -A tests/bench/floor_server.ts --port 1935 --kbps 2500 --flush-ms 0
 *
 * It makes its own stream, speaks just enough RTMP to be played by anything simple, and checks nothing. With --flush-ms
 * 0 each message is written as it is made. Publishers may come too: their messages are found, and forgotten.
 */
import { parseArgs } from "@std/cli/parse-args";
import { ChunkSkimmer } from "../../src/cli/load/chunk_skimmer.ts";
import { encodeLoadAmf, encodeLoadChunks } from "../../src/cli/load/rtmp_load_client.ts";
import { type MediaTag, stampTag, SyntheticMedia } from "../../src/cli/load/synthetic_media.ts";

const CHUNK_SIZE = 60_000;
const BUFFER_BYTES = 16_384;

class FloorPlayer {
  readonly #conn: Deno.TcpConn;
  readonly #queue: Uint8Array[] = [];
  #writing: Uint8Array | null = null;
  readonly #onWritten = (count: number) => {
    const view = this.#writing;
    if (view === null) return;
    this.#write(count < view.length ? view.subarray(count) : this.#queue.shift() ?? null);
  };
  readonly #onFailed = () => {
    players.delete(this);
  };

  constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
  }

  send(view: Uint8Array): void {
    if (this.#writing === null) this.#write(view);
    else this.#queue.push(view);
  }

  #write(view: Uint8Array | null): void {
    this.#writing = view;
    if (view !== null) this.#conn.write(view).then(this.#onWritten, this.#onFailed);
  }
}

const players = new Set<FloorPlayer>();
/** What was flushed since the last keyframe, that one first. */
let gop: Uint8Array[] = [];

/** When the stream's time 0 was, on the wall clock. */
let startedAtMs = 0;

function encodeTag(tag: MediaTag): Uint8Array<ArrayBuffer> {
  const { typeId, timestampMs, payload } = tag;
  stampTag(tag, startedAtMs + timestampMs);
  return encodeLoadChunks({ csid: typeId === 9 ? 6 : 4, typeId, msid: 1, timestampMs }, payload, CHUNK_SIZE);
}

function command(...values: Parameters<typeof encodeLoadAmf>): Uint8Array<ArrayBuffer> {
  return encodeLoadChunks({ csid: 3, typeId: 20, msid: 0, timestampMs: 0 }, encodeLoadAmf(...values), CHUNK_SIZE);
}

/** Makes one flush of the tags up to `nowMs`; a keyframe starts the list of the GOP anew. */
function makeFlush(tags: MediaTag[]): Uint8Array<ArrayBuffer> {
  const parts = tags.map(encodeTag);
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  let keyframeAt = -1;
  parts.forEach((part, i) => {
    if (tags[i]?.payload[0] === 0x17) keyframeAt = at;
    out.set(part, at);
    at += part.length;
  });
  if (keyframeAt < 0) gop.push(out);
  else gop = [out.subarray(keyframeAt)];
  return out;
}

function stream(kbps: number, flushMs: number): MediaTag[] {
  const media = new SyntheticMedia(kbps);
  const clockMs = () => performance.timeOrigin + performance.now() - startedAtMs;
  startedAtMs = performance.timeOrigin + performance.now();
  let next = media.next();
  const step = () => {
    const tags: MediaTag[] = [];
    for (; next.timestampMs <= clockMs(); next = media.next()) tags.push(next);
    if (tags.length > 0) {
      const flush = makeFlush(tags);
      for (const player of players) player.send(flush);
    }
    if (flushMs === 0) setTimeout(step, Math.max(1, next.timestampMs - clockMs()));
  };
  if (flushMs === 0) step();
  else setInterval(step, flushMs);
  return media.headers;
}

async function serve(conn: Deno.TcpConn, headers: MediaTag[]): Promise<void> {
  conn.setNoDelay(true);
  const player = new FloorPlayer(conn);
  const skimmer = new ChunkSkimmer(({ typeId, body }) => {
    if (typeId !== 20) return;
    const name = new TextDecoder("latin1").decode(body.subarray(3, 3 + (body[2] ?? 0)));
    if (name === "connect") {
      const size = new Uint8Array(4);
      new DataView(size.buffer).setUint32(0, CHUNK_SIZE);
      player.send(encodeLoadChunks({ csid: 2, typeId: 1, msid: 0, timestampMs: 0 }, size, CHUNK_SIZE));
      player.send(command("_result", 1, null, { level: "status", code: "NetConnection.Connect.Success" }));
    } else if (name === "createStream") {
      player.send(command("_result", 2, null, 1));
    } else if (name === "play") {
      player.send(command("onStatus", 0, null, { level: "status", code: "NetStream.Play.Start" }));
      for (const header of headers) player.send(encodeTag(header));
      for (const flush of gop) player.send(flush);
      players.add(player);
    } else if (name === "publish") {
      player.send(command("onStatus", 0, null, { level: "status", code: "NetStream.Publish.Start" }));
    }
  });
  const buffer = new Uint8Array(BUFFER_BYTES);
  // C0 C1, answered by S0 S1 S2; then C2, stepped over; then chunks.
  let handshakeLeft = 1537 + 1536;
  try {
    for (let count = await conn.read(buffer); count !== null; count = await conn.read(buffer)) {
      const before = handshakeLeft;
      handshakeLeft -= Math.min(handshakeLeft, count);
      if (before > 1536 && handshakeLeft <= 1536) {
        const answer = new Uint8Array(1 + 1536 * 2);
        answer[0] = 3;
        player.send(answer);
      }
      if (before < count) skimmer.push(buffer.subarray(before, count));
    }
  } catch {
    // A reset is an end.
  }
  players.delete(player);
  conn.close();
}

const args = parseArgs(Deno.args, {
  string: ["port", "kbps", "flush-ms"],
  default: { port: "1935", kbps: "2500", "flush-ms": "350" },
});
const listener = Deno.listen({ hostname: "127.0.0.1", port: Number(args.port) });
const headers = stream(Number(args.kbps), Number(args["flush-ms"]));
for await (const conn of listener) serve(conn, headers);
