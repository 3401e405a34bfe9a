import { concatBytes } from "../../../src/base/bytes.ts";
import { Packager } from "../../../src/hls/packager.ts";
import { mediaPlaylist } from "../../../src/hls/playlist.ts";
import { entryBytes, type WindowEntry } from "../../../src/hls/segment.ts";
import { assert, assertEquals, assertGreater, assertLess } from "../../kit/assert.ts";
import {
  firstPublish,
  hlsNames,
  hlsOptions,
  hlsPackets,
  hlsStartMs,
  hlsStream,
  packaged,
  type TimedPacket,
} from "../../kit/hls/hls_media.ts";
import { playlistBreaches, readMediaPlaylist } from "../../kit/hls/hls_rules.ts";

const low = { ...hlsOptions, partMs: 200 };
const ordinary = { durationMs: 10_000, fps: 25, gopMs: 2000, hasAudio: true };
const firstSlot = Math.floor(hlsStartMs / 2000);

function feed(packager: Packager, packets: readonly TimedPacket[], laterMs = 0): void {
  for (const { packet, wallMs } of packets) packager.onPacket(packet, wallMs + laterMs);
}

/** Slots from that of the start, with a `-` before gaps. */
function listed({ window }: Packager): string[] {
  return window.entries.map(({ number, kind }) => `${kind === "gap" ? "-" : ""}${number - firstSlot}`);
}

function bytesOf(entry: WindowEntry): Uint8Array {
  return concatBytes(...entryBytes(entry));
}

Deno.test("parts of a segment, one behind the other, are the segment that is made without parts in MPEG-TS", () => {
  const whole = packaged(hlsStream(ordinary), { ...hlsOptions, container: "ts" });
  const parted = packaged(hlsStream(ordinary), { ...low, container: "ts" });
  assertEquals(listed(parted), listed(whole));
  parted.window.entries.forEach((entry, i) => assertEquals(bytesOf(entry), bytesOf(whole.window.entries[i]!)));
  assertEquals(parted.window.entries[0]!.parts.length, 10);
});

Deno.test("a part can be had as soon as the next frame has come, and the segment as soon as the next has begun", () => {
  const packager = new Packager(low);
  packager.startPublish(firstPublish);
  let changes = 0;
  packager.onChange = () => changes++;
  const packets = hlsStream({ ...ordinary, hasAudio: false });
  for (const { packet, wallMs } of packets) {
    packager.onPacket(packet, wallMs);
    const frames = Math.floor((wallMs - hlsStartMs) / 40);
    assertEquals(changes, Math.floor(frames / 5), `frame ${frames}`);
    if (packet.payload[1] === 0) continue;
    const nextPart = packager.window.nextPart!;
    assertEquals(nextPart, { number: firstSlot + Math.floor(frames / 50), part: Math.floor(frames % 50 / 5) });
    assert(!packager.window.reaches(nextPart.number, nextPart.part));
    assertEquals(packager.window.reaches(nextPart.number - 1, null), frames >= 50);
  }
});

Deno.test("reaches() takes a part beyond the last of a segment for the first of the next", () => {
  const { window } = packaged(hlsStream({ ...ordinary, durationMs: 4300 }), low);
  const last = firstSlot + 1;
  assertEquals([window.lastNumber, window.open!.parts.length], [last, 1]);
  assertEquals([window.reaches(last, 9), window.reaches(last, 10), window.reaches(last, 99)], [true, true, true]);
  assertEquals([window.reaches(last + 1, 0), window.reaches(last + 1, 1), window.reaches(last + 1, null)], [
    true,
    false,
    false,
  ]);
  assertEquals([window.reaches(firstSlot - 100, 3), window.reaches(last + 2, 0), window.reaches(1e18, 0)], [
    true,
    false,
    false,
  ]);
});

Deno.test("the segment under way at the end of a publish is dropped, unless all have got it whole", () => {
  const packets = hlsStream({ ...ordinary, durationMs: 5000 });
  const cut = packaged(packets);
  cut.endPublish();
  assertEquals(listed(cut), ["0", "1"]);
  const whole = packaged(packets);
  whole.endPublish(true);
  assertEquals(listed(whole), ["0", "1", "2"]);
  assertEquals(whole.window.entries[2]!.durationMs, 1000);
  feed(whole, packets, 10_000);
  assertEquals(listed(whole), ["0", "1", "2"], "nobody publishes");
});

Deno.test("a publish that follows another has a discontinuity, and gaps for what is missing", () => {
  const packager = packaged(hlsStream(ordinary), low);
  packager.endPublish();
  packager.startPublish({ epoch: 2, discontinuities: 1, isFromStart: true, firstNumber: firstSlot + 5 });
  feed(packager, hlsStream(ordinary), 15_000);
  assertEquals(listed(packager), ["0", "1", "2", "3", "-4", "-5", "-6", "-7", "8", "9", "10", "11"]);
  const text = mediaPlaylist(packager.window, low, hlsNames);
  assertEquals(playlistBreaches(text), []);
  const { segments } = readMediaPlaylist(text);
  assertEquals(segments.map(({ isGap, discontinuity }) => `${isGap ? "-" : ""}${discontinuity}`), [
    ...["0", "0", "0", "0"],
    ...["-0", "-0", "-0", "-0"],
    ...["1", "1", "1", "1"],
  ]);
});

Deno.test("a publish takes no number that another one may have used", () => {
  const second = hlsStream(ordinary);
  const numbers = (publish: Parameters<Packager["startPublish"]>[0]) => {
    const packager = new Packager(hlsOptions);
    packager.startPublish(publish);
    feed(packager, second);
    return listed(packager);
  };
  assertEquals(numbers({ epoch: 2, discontinuities: 0, isFromStart: true }), ["0", "1", "2", "3"]);
  assertEquals(numbers({ epoch: 2, discontinuities: 1, isFromStart: true }), ["1", "2", "3"]);
  assertEquals(numbers({ epoch: 2, discontinuities: 1, isFromStart: true, firstNumber: firstSlot }), [
    "0",
    "1",
    "2",
    "3",
  ]);
  assertEquals(numbers({ epoch: 2, discontinuities: 1, isFromStart: true, firstNumber: firstSlot + 1 }), [
    "1",
    "2",
    "3",
  ]);
  assertEquals(numbers({ epoch: 2, discontinuities: 0 }), ["1", "2", "3"]);
  // Whoever has used it knows that, whatever it was told.
  const packager = packaged(hlsStream({ ...ordinary, durationMs: 4300 }), low);
  packager.startPublish({ epoch: 2, discontinuities: 1, isFromStart: true, firstNumber: 0 });
  feed(packager, second, 4400);
  assertEquals(listed(packager).slice(0, 4), ["0", "1", "-2", "3"]);
});

Deno.test("a publish that is interrupted goes on with the next segment", () => {
  const packets = hlsStream(ordinary);
  const half = packets.findIndex(({ wallMs }) => wallMs > hlsStartMs + 5000);
  const packager = packaged(packets.slice(0, half));
  packager.endPublish();
  packager.startPublish({ ...firstPublish, isFromStart: false });
  feed(packager, packets.slice(0, 2));
  feed(packager, packets.slice(half));
  assertEquals(listed(packager), ["0", "1", "-2", "-3"]);
});

Deno.test("a minute without anything begins a new window if it is longer than that, and is gaps if not", () => {
  const packets = hlsStream({ ...ordinary, durationMs: 75_000, silences: [[4500, 64_500]] });
  const short = packaged(packets, { ...hlsOptions, windowMs: 30_000 });
  assertEquals(listed(short), ["32", "33", "34", "35", "36"].slice(0, listed(short).length));
  const long = packaged(packets, { ...hlsOptions, windowMs: 300_000 });
  assertEquals(long.window.entries.filter(({ kind }) => kind === "gap").length, 29);
  assertEquals(playlistBreaches(mediaPlaylist(long.window, hlsOptions, hlsNames)), []);
  assertLess(Math.max(...long.window.entries.map(({ durationMs }) => durationMs)), 2600);
});

Deno.test("gaps are files without media", () => {
  for (const container of ["ts", "cmaf"] as const) {
    const packets = hlsStream({ ...ordinary, durationMs: 20_000, silences: [[4500, 12_500]] });
    const { window } = packaged(packets, { ...hlsOptions, container });
    const gap = window.entries.find(({ kind }) => kind === "gap")!;
    const text = new TextDecoder("latin1").decode(bytesOf(gap));
    if (container === "ts") assertEquals([text.length, text[0], text[188]], [376, "G", "G"]);
    else {assertEquals([...text.matchAll(/styp|moof|mfhd|mdat/g)].map(([type]) => type), [
        "styp",
        "moof",
        "mfhd",
        "mdat",
      ]);}
  }
});

Deno.test("a window is bounded in time and in bytes, and what left it can be fetched for a while", () => {
  const packets = hlsStream({ ...ordinary, durationMs: 60_000 });
  const { window } = packaged(packets, { ...hlsOptions, windowMs: 10_000 });
  assertEquals([window.entries.length, window.durationMs], [5, 10_000]);
  const last = window.lastNumber!;
  assertEquals([5, 9, 40].map((back) => window.find(last - back) !== null), [true, true, false]);
  const { byteLength } = window.entries[0]!;
  const small = packaged(packets, { ...hlsOptions, maxBytes: byteLength * 4.5 }).window;
  assertEquals(small.entries.length, 4);
  assertLess(small.byteLength, byteLength * 4.5);
});

Deno.test("a segment that would take more than half of the bytes is dropped", () => {
  const packets = hlsStream({ ...ordinary, gopMs: 1000, durationMs: 20_000 });
  const big = hlsPackets.picture(5000, false, 1, 60_000);
  const at = packets.findIndex(({ wallMs }) => wallMs > hlsStartMs + 5000);
  const packager = packaged([...packets.slice(0, at), big, ...packets.slice(at)], { ...hlsOptions, maxBytes: 100_000 });
  assertEquals(listed(packager).filter((each) => each.startsWith("-")), ["-3"]);
});

Deno.test("audio that comes late is in the first segment without parts, and behind a discontinuity with them", () => {
  const video = hlsStream({ ...ordinary, hasAudio: false });
  const audio = hlsStream({ ...ordinary, fps: 0 }).slice(1);
  const late = [
    ...video.filter(({ wallMs }) => wallMs <= hlsStartMs + 500),
    hlsPackets.aacHeader("stereo", 500),
    ...[...video, ...audio].filter(({ wallMs }) => wallMs > hlsStartMs + 500).sort((a, b) => a.wallMs - b.wallMs),
  ];
  const discontinuities = (options: typeof hlsOptions) =>
    packaged(late, options).window.entries.map(({ discontinuity, tracks }) =>
      `${discontinuity}${tracks.audio === null ? "" : " with audio"}`
    );
  assertEquals([...new Set(discontinuities(hlsOptions))], ["0 with audio"]);
  assertEquals([...new Set(discontinuities(low))], ["0", "1 with audio"]);
});

Deno.test("headers that are sent again change nothing", () => {
  const packets = hlsStream(ordinary);
  const again = packets.flatMap((each, i) => i % 50 === 0 ? [packets[0]!, packets[1]!, each] : [each]);
  const plain = packaged(packets);
  const repeated = packaged(again);
  assertEquals(repeated.window.entries.map(bytesOf), plain.window.entries.map(bytesOf));
  assertEquals(repeated.discontinuities, 0);
});

Deno.test("a clock that was years ahead does not stop the stream", () => {
  const packager = packaged(hlsStream(ordinary));
  packager.startPublish({ epoch: 2, discontinuities: 1, isFromStart: true, firstNumber: 0 });
  feed(packager, hlsStream(ordinary), 1e11);
  packager.startPublish({ epoch: 3, discontinuities: 2, isFromStart: true, firstNumber: 0 });
  feed(packager, hlsStream(ordinary), 60_000);
  assertEquals(listed(packager), ["30", "31", "32", "33"]);
});

Deno.test("nothing that a publisher may send throws", () => {
  const ex = [0x93, 0x61, 0x76, 0x63, 0x31];
  const payloads = [[], [0x17], [0x17, 0], [0x17, 1], [0xaf], [0xaf, 0, 1], [0x2f, 0xff], [0x90], [0x91, 1], ex, [
    ...ex,
    0,
  ]];
  for (const container of ["ts", "cmaf"] as const) {
    const packager = packaged(hlsStream(ordinary), { ...low, container });
    for (const bytes of payloads) {
      for (const kind of ["audio", "video", "script"] as const) {
        for (const wallMs of [hlsStartMs + 12_000, NaN, -1, Infinity, 1e17]) {
          packager.onPacket({ kind, timestampMs: 0, payload: Uint8Array.from(bytes) }, wallMs);
        }
      }
    }
    assertGreater(packager.window.entries.length, 0);
  }
});

Deno.test("tables of MPEG-TS count on from segment to segment, over gaps too: a receiver takes none for a repetition", () => {
  const stream = hlsStream({ ...ordinary, durationMs: 20_000, gopMs: 500, silences: [[9000, 15_000]] });
  const { window } = packaged(stream, { ...hlsOptions, container: "ts" });
  assert(window.entries.some(({ kind }) => kind === "gap"));
  for (const pid of [0, 0x1001]) {
    const counters = window.entries.flatMap((entry) => {
      const bytes = bytesOf(entry);
      const packets = Array.from({ length: bytes.length / 188 }, (_, i) => bytes.subarray(188 * i, 188 * (i + 1)));
      return packets.filter((packet) => (packet[1]! & 31) << 8 === (pid & 0x1f00) && packet[2] === (pid & 255))
        .map((packet) => packet[3]! & 15);
    });
    assertEquals(counters, window.entries.map(({ number }) => number % 16), `${pid}`);
  }
});
