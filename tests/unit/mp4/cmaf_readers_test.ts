import { ALL_FORMATS, BufferSource, EncodedPacketSink, Input, type InputTrack } from "mediabunny";
import { concatBytes } from "../../../src/base/bytes.ts";
import { readCodedPicture, readCodedSound } from "../../../src/flv/coded_frame.ts";
import { entryBytes } from "../../../src/hls/segment.ts";
import { assert, assertEquals, assertLess } from "../../kit/assert.ts";
import { clipPackets, hlsOptions, hlsStartMs, hlsStream, packaged, type TimedPacket } from "../../kit/hls/hls_media.ts";
import { readMp4, type ReadSample } from "../../kit/media/mp4_reader.ts";

const low = { ...hlsOptions, partMs: 200 };

/** Frames of the clip, those that stand in complete segments or not. */
function framesOf(packets: readonly TimedPacket[]) {
  const pictures = packets.filter(({ packet }) => packet.kind === "video").flatMap(
    ({ packet: { payload }, wallMs }) => {
      const picture = readCodedPicture(payload);
      return picture === null ? [] : [{ wallMs, ...picture }];
    },
  );
  const sounds = packets.filter(({ packet }) => packet.kind === "audio").flatMap(({ packet: { payload }, wallMs }) => {
    const body = readCodedSound(payload);
    return body.length === 0 ? [] : [{ wallMs, body }];
  });
  return { pictures, sounds };
}

/** Each ends where the next begins. */
function assertGapless(samples: readonly ReadSample[], toleratedTicks: number, name: string): void {
  samples.forEach(({ dts, duration }, i) => {
    const next = samples[i + 1];
    if (next !== undefined) assertLess(Math.abs(dts + duration - next.dts), toleratedTicks + 1, `${name}, ${i}`);
  });
}

for (const options of [hlsOptions, low]) {
  Deno.test(`mp4box reads of each segment, parts of ${options.partMs} ms, what was sent, at its time`, () => {
    const packets = clipPackets();
    const packager = packaged(packets, options);
    packager.endPublish(true);
    const { pictures, sounds } = framesOf(packets);
    const read = packager.window.entries.map((entry) => readMp4(concatBytes(entry.init!.bytes, ...entryBytes(entry))));
    const videos = read.flatMap(([track]) => track!.samples);
    const audios = read.flatMap(([, track]) => track!.samples);
    assertEquals([read[0]![0]!.timescale, read[0]![1]!.timescale], [90_000, 44_100]);
    assertEquals(videos.map(({ data }) => data), pictures.map(({ body }) => body));
    assertEquals(
      videos.map(({ dts, cts, isSync }) => [dts / 90, (cts - dts) / 90, isSync]),
      pictures.map((picture) => [
        picture.wallMs,
        picture.compositionMs,
        picture.isKeyframe,
      ]),
    );
    assertGapless(videos, 0, "video");
    assertEquals(audios.map(({ data }) => data), sounds.map(({ body }) => body));
    // Milliseconds do not hold 1024 samples: at the beginning of a segment, the time is set right.
    assertGapless(audios, 44.1, "audio");
    audios.forEach(({ dts }, i) => assertLess(Math.abs(dts / 44.1 - sounds[i]!.wallMs), 2));
    read.forEach(([, track], i) => assertGapless(track!.samples, 0, `audio of segment ${i}`));
  });
}

Deno.test("mediabunny reads each part behind the init segment, and the codecs in it", async () => {
  const { window } = packaged(clipPackets(), low);
  for (const entry of window.entries.slice(3, 6)) {
    assert(entry.kind === "segment");
    let frames = 0;
    for (const part of entry.parts) {
      using input = new Input({
        formats: ALL_FORMATS,
        source: new BufferSource(concatBytes(entry.init!.bytes, part.bytes)),
      });
      const [video, audio] = [await input.getPrimaryVideoTrack(), await input.getPrimaryAudioTrack()];
      assertEquals(await video!.getCodecParameterString(), "avc1.64001e");
      assertEquals(await audio!.getCodecParameterString(), "mp4a.40.2");
      const packets = await packetsOf(video!);
      assertEquals(packets[0]!.type === "key", part.isIndependent);
      assertEquals(packets.length * 40, part.durationMs);
      frames += packets.length;
      assert((await packetsOf(audio!)).length > 0);
    }
    assertEquals(frames, 50);
  }
});

async function packetsOf(track: InputTrack) {
  const packets = [];
  for await (const packet of new EncodedPacketSink(track).packets()) packets.push(packet);
  return packets;
}

Deno.test("the last frame before a hole is as long as the one before it, and the next stands at its own time", () => {
  const packets = hlsStream({ durationMs: 20_000, fps: 25, gopMs: 2000, hasAudio: true, silences: [[4500, 12_500]] });
  const { window } = packaged(packets);
  const segments = window.entries.filter(({ kind }) => kind === "segment");
  const samples = segments.flatMap((entry) =>
    readMp4(concatBytes(entry.init!.bytes, ...entryBytes(entry)))[0]!.samples
  );
  assertEquals(new Set(samples.map(({ duration }) => duration)), new Set([3600]));
  const steps = samples.slice(1).map(({ dts }, i) => (dts - samples[i]!.dts) / 90);
  assertEquals(steps.filter((step) => step !== 40), [8040]);
  assertEquals(samples[0]!.dts / 90, hlsStartMs);
});

Deno.test("audio whose times jump inside a segment stands where they say", () => {
  const packets = hlsStream({ durationMs: 6000, fps: 0, gopMs: 0, hasAudio: true, silences: [[1000, 1300]] });
  const { window } = packaged(packets);
  const samples = window.entries.flatMap((entry) =>
    readMp4(concatBytes(entry.init!.bytes, ...entryBytes(entry)))[0]!.samples
  );
  const sent = framesOf(packets).sounds;
  samples.forEach(({ dts }, i) => assertLess(Math.abs(dts / 44.1 - sent[i]!.wallMs), 2, `frame ${i}`));
  assertEquals(window.entries.length, 3);
});
