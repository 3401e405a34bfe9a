import { encodeLoadAmf, encodeLoadChunks } from "../../src/cli/load/rtmp_load_client.ts";
import { type MediaTag, stampTag, SyntheticMedia } from "../../src/cli/load/synthetic_media.ts";
import type { Peer } from "./peers.ts";

const CHUNK_SIZE = 60_000;
/** More tags than it takes to see one of each kind. */
const SOME_TAGS = 300;
const source = new URL("send_loop.c", import.meta.url).pathname;

/** A bare loop in C, where there is a compiler: what the kernel takes, and next to nothing beside it. */
export const sendLoop: Peer = {
  name: "c-loop",
  note: "bare loop in C: own stream, one send() a flush and player",
  can: ["tuning"],
  ownSource: true,
  prepare: () => Promise.resolve(compile()),
  command({ port, kbps, dir, tuning }) {
    for (const [name, bytes] of Object.entries(files(kbps))) Deno.writeFileSync(`${dir}/${name}`, bytes);
    return [program(), `${port}`, `${tuning.minLatency ? 1 : tuning.mwLatencyMs}`, dir];
  },
};

let compiled = "";

function program(): string {
  if (compiled === "") throw new Error("c-loop: prepare() comes first");
  return compiled;
}

/** Why there is no program; null when there is one. */
function compile(): string | null {
  if (compiled !== "") return null;
  const path = `${Deno.makeTempDirSync({ prefix: "srs-ts-bench-c-" })}/send_loop`;
  try {
    const { success, stderr } = new Deno.Command("cc", { args: ["-O2", "-o", path, source] }).outputSync();
    if (!success) return `cc: ${new TextDecoder().decode(stderr).split("\n")[0]}`;
  } catch {
    return "needs a C compiler (cc)";
  }
  compiled = path;
  return null;
}

/** What the program answers, and the messages that it repeats with other times. */
function files(kbps: number): Record<string, Uint8Array> {
  const media = new SyntheticMedia(kbps);
  const tags = Array.from({ length: SOME_TAGS }, () => media.next());
  const first = (flags: number) => {
    const tag = tags.find(({ payload }) => payload[0] === flags);
    if (tag === undefined) throw new Error(`the stream has no message that begins with ${flags}`);
    return message(tag);
  };
  const chunkSize = new Uint8Array(4);
  new DataView(chunkSize.buffer).setUint32(0, CHUNK_SIZE);
  return {
    handshake: Uint8Array.from({ length: 1 + 2 * 1536 }, (_, i) => i === 0 ? 3 : 0),
    connect: join(
      encodeLoadChunks({ csid: 2, typeId: 1, msid: 0, timestampMs: 0 }, chunkSize, CHUNK_SIZE),
      command("_result", 1, null, { level: "status", code: "NetConnection.Connect.Success" }),
    ),
    createStream: command("_result", 2, null, 1),
    play: join(
      command("onStatus", 0, null, { level: "status", code: "NetStream.Play.Start" }),
      ...media.headers.map(message),
    ),
    keyframe: first(0x17),
    frame: first(0x27),
    audio: first(0xaf),
  };
}

function message(tag: MediaTag): Uint8Array {
  const { typeId, timestampMs, payload } = tag;
  stampTag(tag, 0);
  return encodeLoadChunks({ csid: typeId === 9 ? 6 : 4, typeId, msid: 1, timestampMs }, payload, CHUNK_SIZE);
}

function command(...values: Parameters<typeof encodeLoadAmf>): Uint8Array {
  return encodeLoadChunks({ csid: 3, typeId: 20, msid: 0, timestampMs: 0 }, encodeLoadAmf(...values), CHUNK_SIZE);
}

function join(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}
