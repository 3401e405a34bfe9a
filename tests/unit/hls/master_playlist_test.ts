import { default as hlsParser } from "hls-parser";
import { masterPlaylist, measureBandwidth } from "../../../src/hls/master_playlist.ts";
import { assertEquals, assertGreater } from "../../kit/assert.ts";
import { masterBreaches } from "../../kit/hls/hls_text_rules.ts";
import { clipPackets, hlsOptions, hlsStream, packaged } from "../../kit/hls/hls_media.ts";

interface Variant {
  uri: string;
  bandwidth: number;
  averageBandwidth: number;
  codecs: string;
  resolution?: { width: number; height: number };
  frameRate?: number;
}

function variantOf(text: string): Variant {
  hlsParser.setOptions({ strictMode: true });
  const { variants } = hlsParser.parse(text) as { variants: Variant[] };
  assertEquals(variants.length, 1);
  return variants[0]!;
}

Deno.test("a master playlist tells codecs, size, frame rate and the bits that the segments have", () => {
  const { window } = packaged(clipPackets());
  const { uri, codecs, resolution, frameRate, bandwidth, averageBandwidth } = variantOf(
    masterPlaylist(window, "x.m3u8?a=1"),
  );
  assertEquals([uri, codecs, resolution, frameRate], [
    "x.m3u8?a=1",
    "avc1.64001e,mp4a.40.2",
    { width: 768, height: 320 },
    25,
  ]);
  assertEquals({ peak: bandwidth, average: averageBandwidth }, measureBandwidth(window));
  const largest = Math.max(
    ...window.entries.map(({ byteLength, durationMs }) => Math.ceil(byteLength * 8000 / durationMs)),
  );
  assertEquals(bandwidth, largest);
  assertGreater(bandwidth, averageBandwidth);
});

Deno.test("audio alone has no size, and a stream of parts alone has codecs already", () => {
  const audio = packaged(hlsStream({ durationMs: 5000, fps: 0, gopMs: 0, hasAudio: true }));
  const { codecs, resolution } = variantOf(masterPlaylist(audio.window, "x.m3u8"));
  assertEquals([codecs, resolution], ["mp4a.40.2", undefined]);
  const first = packaged(hlsStream({ durationMs: 500, fps: 25, gopMs: 2000, hasAudio: true }), {
    ...hlsOptions,
    partMs: 200,
  });
  assertEquals(first.window.entries.length, 0);
  assertEquals(variantOf(masterPlaylist(first.window, "x.m3u8")).codecs, "avc1.64001f,mp4a.40.2");
});

Deno.test("the rules find what is wrong in a master playlist", () => {
  const good = masterPlaylist(packaged(clipPackets()).window, "x.m3u8");
  assertEquals(masterBreaches(good), []);
  const damages: [from: string | RegExp, to: string][] = [
    [/BANDWIDTH=\d+,AVERAGE/, "AVERAGE"],
    [/,CODECS="[^"]*"/, ""],
    ["x.m3u8\n", ""],
    ["#EXTM3U\n", ""],
    ["x.m3u8\n", "x.m3u8\n#EXT-X-TARGETDURATION:2\n"],
    [/#EXT-X-STREAM-INF.*\n/, ""],
  ];
  for (const [from, to] of damages) assertGreater(masterBreaches(good.replace(from, to)).length, 0, `${from}`);
});
