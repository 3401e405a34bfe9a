/**
 * Makes the segments of a recorded stream, in a process of its own, and prints the SHA-256 of each.
 *
 *     deno run -A tests/kit/hls/hls_remake.ts recorded.flv '{"zeroMs": 1795000000000, "container": "ts", …}'
 *
 * The options are those of the packager, and `zeroMs`, Unix time of timestamp 0 by the owner's clock.
 */
import { concatBytes } from "../../../src/base/bytes.ts";
import { FlvDemuxer } from "../../../src/flv/demuxer.ts";
import { Packager, type PackagerOptions } from "../../../src/hls/packager.ts";
import { type BegunSegment, entryBytes } from "../../../src/hls/segment.ts";
import type { PacketKind } from "../../../src/stream/packet.ts";
import { sha256 } from "./hls_watch.ts";

const kinds: Readonly<Record<number, PacketKind>> = { 8: "audio", 9: "video" };

/** Hashes by number, as `7`, and of parts by number and index, as `7.0`. */
async function remake(flv: Uint8Array, options: PackagerOptions & { zeroMs: number }): Promise<Record<string, string>> {
  const packager = new Packager(options);
  packager.startPublish({ epoch: 1, discontinuities: 0 });
  for (const { type, timestampMs, payload } of new FlvDemuxer().push(flv)) {
    const kind = kinds[type] ?? "script";
    packager.onPacket({ kind, timestampMs, payload }, options.zeroMs + timestampMs);
  }
  const hashes: Record<string, string> = {};
  const { entries, open } = packager.window;
  const addParts = async ({ number, parts }: BegunSegment) => {
    if (options.partMs === 0) return;
    for (const { index, bytes } of parts) hashes[`${number}.${index}`] = await sha256(Uint8Array.from(bytes));
  };
  for (const entry of entries) {
    if (entry.kind !== "segment") continue;
    hashes[entry.number] = await sha256(concatBytes(...entryBytes(entry)));
    await addParts(entry);
  }
  if (open !== null) await addParts(open);
  return hashes;
}

if (import.meta.main) {
  const [path = "", options = "{}"] = Deno.args;
  const text = JSON.stringify(await remake(Deno.readFileSync(path), JSON.parse(options)));
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}
