import { concatBytes } from "../../src/base/bytes.ts";
import { Packager } from "../../src/hls/packager.ts";
import { mediaPlaylist } from "../../src/hls/playlist.ts";
import { entryBytes } from "../../src/hls/segment.ts";
import { masterPlaylist } from "../../src/hls/master_playlist.ts";
import { assertEquals, assertGreater, assertLess } from "../kit/assert.ts";
import { TsReader } from "../kit/cases/ts_reader.ts";
import { hlsNames, hlsOptions, randomHlsStream, type TimedPacket } from "../kit/hls/hls_media.ts";
import { PlaylistWatch } from "../kit/hls/hls_rules.ts";
import { mutate, Prng } from "../kit/media/mutate.ts";

const DURATION_MS = 30_000;
const MAX_BYTES = 100_000;

/** Packets with damaged payloads, times that jump, and headers of codecs that nobody has. */
function hostile(prng: Prng): TimedPacket[] {
  let driftMs = 0;
  return randomHlsStream(prng, DURATION_MS).map(({ packet, wallMs }) => {
    if (prng.below(150) === 0) driftMs += prng.below(10_000) - 5000;
    if (prng.below(2000) === 0) driftMs += prng.pick([1e9, -1e9]);
    const payload = prng.below(20) === 0 ? mutate(packet.payload, prng) : packet.payload;
    return { packet: { ...packet, payload }, wallMs: wallMs + driftMs };
  });
}

/** The boxes of a file fill it, and so do those in each `moof`. */
function walkBoxes(bytes: Uint8Array): string[] {
  const types: string[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  while (at < bytes.length) {
    const size = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    assertGreater(size, 7);
    assertLess(at + size, bytes.length + 1, type);
    types.push(type);
    if (
      type === "moof" || type === "traf" || type === "moov" || type === "trak" || type === "mdia" || type === "minf"
    ) {
      types.push(...walkBoxes(bytes.subarray(at + 8, at + size)));
    }
    at += size;
  }
  return types;
}

for (const container of ["ts", "cmaf"] as const) {
  Deno.test(`whatever a publisher sends, segments of ${container} and their playlists stay what they are`, () => {
    let segments = 0;
    for (let seed = 0; seed < 25; seed++) {
      const prng = new Prng(seed);
      const options = { ...hlsOptions, container, partMs: prng.pick([0, 200]), windowMs: 20_000, maxBytes: MAX_BYTES };
      const packager = new Packager(options);
      const seen = new Set<number>();
      packager.onChange = () => {
        const { window } = packager;
        assertLess(window.byteLength, MAX_BYTES * 1.5);
        const entry = window.entries.at(-1);
        if (window.isEmpty) return;
        const watched = new PlaylistWatch({ lenient: true });
        watched.see(mediaPlaylist(window, options, hlsNames));
        // Times that fall make segments shorter than what they hold says.
        const breaches = watched.breaches.filter((breach) => !/the next begins|too long|its parts/.test(breach));
        assertEquals(breaches, [], `seed ${seed}`);
        masterPlaylist(window, "x.m3u8");
        if (entry === undefined || seen.has(entry.number)) return;
        seen.add(entry.number);
        const bytes = concatBytes(...entryBytes(entry));
        if (container === "ts") {
          const reader = new TsReader();
          reader.push(bytes);
          reader.end();
        } else {
          const types = walkBoxes(bytes);
          assertEquals([types.includes("moof"), types.at(-1)], [true, "mdat"], `seed ${seed}`);
          walkBoxes(entry.init?.bytes ?? bytes);
        }
      };
      for (let epoch = 1; epoch < 4; epoch++) {
        packager.startPublish({ epoch, discontinuities: epoch - 1, isFromStart: prng.below(2) === 0 });
        for (const { packet, wallMs } of hostile(prng)) packager.onPacket(packet, wallMs + epoch * 35_000);
        packager.endPublish(prng.below(2) === 0);
      }
      segments += seen.size;
    }
    assertGreater(segments, 300);
  });
}
