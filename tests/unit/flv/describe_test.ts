import { assert, assertAlmostEquals, assertEquals } from "../../kit/assert.ts";
import { describeAudio, describeVideo } from "../../../src/flv/describe.ts";
import { wire } from "../../kit/cases/amf0_cases.ts";
import { codecCases } from "../../kit/cases/codec_cases.ts";
import { describedAudios, describedVideos } from "../../kit/cases/description_cases.ts";

for (const { name, payload, is: [codec, profile, level, width, height, frameRate] } of describedVideos) {
  Deno.test(`describeVideo of ${name}`, () => {
    const description = describeVideo(wire(payload));
    assert(description !== null);
    const { frameRate: seen, ...rest } = description;
    assertEquals(rest, { codec, profile, level, width, height });
    assertAlmostEquals(seen, frameRate, 0.0001);
  });
}

for (const { name, payload, is: [codec, profile, sampleRate, channels] } of describedAudios) {
  Deno.test(`describeAudio of ${name}`, () => {
    assertEquals(describeAudio(wire(payload)), { codec, profile, sampleRate, channels });
  });
}

Deno.test("payloads without a codec have no description", () => {
  assertEquals(describeVideo(new Uint8Array(0)), null);
  assertEquals(describeAudio(new Uint8Array(0)), null);
  for (const { kind, payload, codec } of codecCases) {
    const description = kind === "video" ? describeVideo(payload) : describeAudio(payload);
    assertEquals(description?.codec ?? null, codec);
  }
});

Deno.test("headers cut anywhere are described as far as they go", () => {
  for (const { payload, is: [codec, , , width, height] } of describedVideos) {
    const bytes = wire(payload);
    for (let end = bytes.length - 1; end >= 5; end--) {
      const seen = describeVideo(bytes.subarray(0, end));
      assertEquals(seen?.codec, codec);
      assert(seen?.width === 0 || seen?.width === width, `${codec}, ${end} bytes: width ${seen?.width}`);
      assert(seen?.height === 0 || seen?.height === height, `${codec}, ${end} bytes: height ${seen?.height}`);
    }
  }
});
