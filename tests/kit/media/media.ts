import { run } from "../launcher.ts";

/** Thirty seconds of H.264 with B-frames and AAC; see `tests/fixtures/README.md`. */
export const clip = new URL("../../fixtures/av_768x320_30s.flv", import.meta.url).pathname;

/** Hashes of the packets of each stream, in order, by ffmpeg's name of the media type. */
export interface PacketHashes {
  video: string[];
  audio: string[];
}

/** Reads the output of ffmpeg's `framemd5` muxer. */
export function parseFrameMd5(text: string): PacketHashes {
  const types = new Map<string, "video" | "audio">();
  const hashes: PacketHashes = { video: [], audio: [] };
  for (const line of text.split("\n")) {
    const declared = /^#media_type (\d+): (video|audio)$/.exec(line);
    if (declared !== null) types.set(declared[1]!, declared[2] as "video" | "audio");
    const [stream, , , , , hash] = line.split(",").map((part) => part.trim());
    const type = types.get(stream ?? "");
    if (!line.startsWith("#") && type !== undefined && hash !== undefined) hashes[type].push(hash);
  }
  return hashes;
}

/** Hashes of a file's packets. */
export async function hashesOf(file: string): Promise<PacketHashes> {
  const { output } = await run(["ffmpeg", "-v", "error", "-i", file, "-c", "copy", "-f", "framemd5", "-"], 20_000);
  return parseFrameMd5(output);
}

/** ffmpeg publishing the clip, five times as fast as real time. */
export function publishClip(url: string, ...input: string[]): string[] {
  const source = input.length > 0 ? input : ["-readrate", "5", "-i", clip];
  return ["ffmpeg", "-v", "error", ...source, "-c", "copy", "-f", "flv", url];
}

/** ffmpeg playing a stream and printing the hash of every packet, flushed one by one. */
export function playHashes(url: string): string[] {
  return ["ffmpeg", "-v", "error", "-i", url, "-c", "copy", "-flush_packets", "1", "-f", "framemd5", "-"];
}
