import { default as hlsParser } from "hls-parser";
import { Packager } from "../../../src/hls/packager.ts";
import { mediaPlaylist } from "../../../src/hls/playlist.ts";
import { assert, assertEquals, assertGreater } from "../../kit/assert.ts";
import {
  clipPackets,
  firstPublish,
  hlsNames,
  hlsOptions,
  hlsPackets,
  hlsStream,
  packaged,
  randomHlsStream,
} from "../../kit/hls/hls_media.ts";
import { playlistBreaches, PlaylistWatch, readMediaPlaylist } from "../../kit/hls/hls_rules.ts";
import { Prng } from "../../kit/media/mutate.ts";

const low = { ...hlsOptions, partMs: 200 };
const ordinary = { durationMs: 30_000, fps: 25, gopMs: 2000, hasAudio: true };

Deno.test("a playlist of MPEG-TS, to the letter", () => {
  const options = { ...hlsOptions, container: "ts", windowMs: 4000 } as const;
  const { window } = packaged(hlsStream({ ...ordinary, durationMs: 11_000, phaseMs: 100 }), options);
  assertEquals(mediaPlaylist(window, options, hlsNames).split("\n"), [
    "#EXTM3U",
    "#EXT-X-VERSION:3",
    "#EXT-X-TARGETDURATION:2",
    "#EXT-X-MEDIA-SEQUENCE:897890402",
    "#EXT-X-INDEPENDENT-SEGMENTS",
    "#EXT-X-PROGRAM-DATE-TIME:2026-11-27T12:00:05.334Z",
    "#EXTINF:2.000,",
    "897890402.ts",
    "#EXT-X-PROGRAM-DATE-TIME:2026-11-27T12:00:07.334Z",
    "#EXTINF:2.000,",
    "897890403.ts",
    "#EXT-X-PROGRAM-DATE-TIME:2026-11-27T12:00:09.334Z",
    "#EXTINF:2.000,",
    "897890404.ts",
    "",
  ]);
});

Deno.test("a playlist with parts, to the letter", () => {
  const { window } = packaged(hlsStream({ ...ordinary, durationMs: 2500 }), { ...low, partMs: 1000 });
  const text = mediaPlaylist(window, { ...low, partMs: 1000 }, hlsNames);
  const id = window.entries[0]!.init!.id;
  assertEquals(text.split("\n"), [
    "#EXTM3U",
    "#EXT-X-VERSION:9",
    "#EXT-X-TARGETDURATION:2",
    "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=3.300,CAN-SKIP-UNTIL=12.000",
    "#EXT-X-PART-INF:PART-TARGET=1.100",
    "#EXT-X-MEDIA-SEQUENCE:897890400",
    "#EXT-X-INDEPENDENT-SEGMENTS",
    `#EXT-X-MAP:URI="init-${id}.mp4"`,
    "#EXT-X-PROGRAM-DATE-TIME:2026-11-27T12:00:01.234Z",
    '#EXT-X-PART:DURATION=0.960,URI="897890400.0.m4s",INDEPENDENT=YES',
    '#EXT-X-PART:DURATION=0.960,URI="897890400.1.m4s"',
    '#EXT-X-PART:DURATION=0.080,URI="897890400.2.m4s"',
    "#EXTINF:2.000,",
    "897890400.m4s",
    '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="897890401.0.m4s"',
    "",
  ]);
});

/** Every playlist that there was, whenever something changed, in the eyes of a client and of another parser. */
function watch(packager: Packager, options: typeof hlsOptions, watched: PlaylistWatch): { count: number } {
  const seen = { count: 0 };
  packager.onChange = () => {
    if (packager.window.isEmpty) return;
    const text = mediaPlaylist(packager.window, options, hlsNames);
    watched.see(text);
    seen.count++;
    if (seen.count % 5 > 0) return;
    // This parser counts three segments where the specification has three target durations.
    hlsParser.setOptions({ strictMode: false, silent: true });
    const parsed = hlsParser.parse(text) as { segments: { uri: string }[] };
    assertEquals(parsed.segments.map(({ uri }) => uri).filter(Boolean).length >= packager.window.entries.length, true);
  };
  return seen;
}

for (
  const [name, options] of [["segments", hlsOptions], ["parts", low], ["MPEG-TS", { ...low, container: "ts" }]] as const
) {
  Deno.test(`of random streams, every playlist of ${name} is as the specification wants it`, () => {
    for (let seed = 0; seed < 15; seed++) {
      const own = { ...options, windowMs: 12_000 };
      const watched = new PlaylistWatch({ lenient: true });
      const packager = new Packager(own);
      const seen = watch(packager, own, watched);
      packager.startPublish(firstPublish);
      for (const { packet, wallMs } of randomHlsStream(new Prng(seed), 40_000)) packager.onPacket(packet, wallMs);
      assertGreater(seen.count, 3, `seed ${seed}`);
      assertEquals(watched.breaches, [], `seed ${seed}`);
    }
  });
}

Deno.test("parts of the usual frame rates have at least 85 % of their target, and none has more than it", () => {
  for (const fps of [15, 20, 23.976, 24, 25, 29.97, 30, 50, 59.94, 60]) {
    for (const partMs of [200, 250, 333, 500, 1000]) {
      const own = { ...low, partMs };
      const packager = packaged(hlsStream({ ...ordinary, fps, durationMs: 10_000 }), own);
      const text = mediaPlaylist(packager.window, own, hlsNames);
      assertEquals(playlistBreaches(text), [], `${fps} frames a second, parts of ${partMs} ms`);
      assertEquals(readMediaPlaylist(text).partTargetSeconds, Math.round(partMs * 1.1) / 1000, `${fps}, ${partMs}`);
    }
  }
});

Deno.test("a delta leaves out what is older than six targets, and nothing else", () => {
  const { window } = packaged(hlsStream(ordinary), low);
  const whole = readMediaPlaylist(mediaPlaylist(window, low, hlsNames));
  const delta = readMediaPlaylist(mediaPlaylist(window, { ...low, skips: true }, hlsNames));
  assertEquals(delta.skipped, 8);
  assertEquals(delta.segments, whole.segments.slice(8));
  assertEquals([delta.openParts, delta.hint], [whole.openParts, whole.hint]);
  assertEquals(playlistBreaches(mediaPlaylist(window, { ...low, skips: true }, hlsNames)), []);
  const short = packaged(hlsStream({ ...ordinary, durationMs: 9000 }), low).window;
  assertEquals(mediaPlaylist(short, { ...low, skips: true }, hlsNames), mediaPlaylist(short, low, hlsNames));
});

Deno.test("a codec that changes begins another init segment behind a discontinuity", () => {
  const first = hlsStream({ ...ordinary, durationMs: 8000 });
  const changed = first.map((each) => ({ ...each, wallMs: each.wallMs + 8000 }));
  changed[0] = hlsPackets.avcHeader("small", 8000);
  const { window } = packaged([...first, ...changed], low);
  const { segments } = readMediaPlaylist(mediaPlaylist(window, low, hlsNames));
  const maps = [...new Set(segments.map(({ map }) => map))];
  assertEquals(maps.length, 2);
  assertEquals(segments.map(({ discontinuity, map }) => discontinuity === maps.indexOf(map)), segments.map(() => true));
  assert(mediaPlaylist(window, low, hlsNames).includes("#EXT-X-DISCONTINUITY\n#EXT-X-MAP"));
});

Deno.test("keys change with the number, and never apply to an init segment", () => {
  const own = { ...hlsOptions, fragmentsPerKey: 5 };
  const first = hlsStream({ ...ordinary, durationMs: 9000 });
  const changed = first.map((each) => ({ ...each, wallMs: each.wallMs + 9000 }));
  changed[0] = hlsPackets.avcHeader("small", 9000);
  const { window } = packaged([...first, ...changed], own);
  const text = mediaPlaylist(window, own, hlsNames);
  const { segments } = readMediaPlaylist(text);
  assertEquals(segments.map(({ key }) => key), segments.map(({ number }) => `${Math.floor(number / 5)}.key`));
  assert(text.includes("#EXT-X-KEY:METHOD=NONE\n#EXT-X-MAP"));
  assertEquals(playlistBreaches(text), []);
});

Deno.test("the rules find what is wrong", () => {
  const good = mediaPlaylist(packaged(hlsStream(ordinary), low).window, low, hlsNames);
  const damages: [from: string | RegExp, to: string][] = [
    ["#EXT-X-TARGETDURATION:2", "#EXT-X-TARGETDURATION:1"],
    ["#EXTINF:2.000", "#EXTINF:1.900"],
    ["CAN-BLOCK-RELOAD=YES,", ""],
    ["PART-HOLD-BACK=0.660", "PART-HOLD-BACK=0.500"],
    ["CAN-SKIP-UNTIL=12.000", "CAN-SKIP-UNTIL=11.000"],
    ["PART-TARGET=0.220", "PART-TARGET=0.199"],
    ["PART-TARGET=0.220", "PART-TARGET=0.250"],
    ["#EXT-X-VERSION:9", "#EXT-X-VERSION:5"],
    [/#EXTINF:2.000,\n/, ""],
    ["#EXT-X-PART-INF:PART-TARGET=0.220\n", ""],
    [/#EXTINF/, "#EXT-X-GAP\n#EXTINF"],
    [/DURATION=0.200/, "DURATION=0.190"],
    ["#EXTM3U\n", ""],
    ["#EXT-X-TARGETDURATION:2", "#EXT-X-TARGETDURATION:2\n#EXT-X-TARGETDURATION:2"],
    [/(#EXT-X-PRELOAD-HINT.*\n)/, "$1$1"],
    [/#EXT-X-PROGRAM-DATE-TIME:.*/, "#EXT-X-PROGRAM-DATE-TIME:2027"],
    [/(#EXT-X-PROGRAM-DATE-TIME:)[\d-]+T(.*\n[^]*)/, "$12030-01-01T$2"],
    [/URI="[^"]*"/, "URI=x y"],
    [/,URI="[^"]*"/, ""],
    [/(#EXTINF.*\n.*\n)/, "$1#EXT-X-DISCONTINUITY-SEQUENCE:1\n"],
    [/\n$/, ""],
  ];
  assertEquals(playlistBreaches(good), []);
  for (const [from, to] of damages) assertGreater(playlistBreaches(good.replace(from, to)).length, 0, `${from}`);
  const reloads: [from: string | RegExp, to: string][] = [
    [/MEDIA-SEQUENCE:\d+/, "MEDIA-SEQUENCE:5"],
    ["#EXT-X-TARGETDURATION:2", "#EXT-X-TARGETDURATION:3"],
    ["#EXT-X-MEDIA-SEQUENCE", "#EXT-X-DISCONTINUITY-SEQUENCE:4\n#EXT-X-MEDIA-SEQUENCE"],
    [/T12:00:0/g, "T12:01:0"],
    [/897890402\.m4s/, "other.m4s"],
  ];
  for (const [from, to] of reloads) {
    const watched = new PlaylistWatch({ allowsLongerTarget: false });
    watched.see(good);
    assertEquals(watched.breaches, []);
    watched.see(good.replace(from, to));
    assertGreater(watched.breaches.length, 0, `${from}`);
  }
});

Deno.test("the playlist of the clip, low latency and not, is one that another parser takes", () => {
  for (const options of [hlsOptions, low, { ...hlsOptions, container: "ts" } as const]) {
    const packager = packaged(clipPackets(), options);
    packager.endPublish(true);
    const text = mediaPlaylist(packager.window, { ...options, isEnded: true }, hlsNames);
    assertEquals(playlistBreaches(text), []);
    hlsParser.setOptions({ strictMode: true, silent: false });
    const { segments, endlist } = hlsParser.parse(text) as { segments: { duration: number }[]; endlist: boolean };
    assertEquals(endlist, true);
    assertEquals(Math.round(segments.reduce((sum, { duration }) => sum + duration, 0)), 30);
  }
});
