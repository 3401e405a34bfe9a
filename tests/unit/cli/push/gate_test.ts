import { assertEquals } from "../../../kit/assert.ts";
import { decodeAmf0, EcmaArray, encodeAmf0 } from "../../../../src/amf/amf0.ts";
import { type OutgoingMessage, PushGate } from "../../../../src/cli/push/gate.ts";
import { FlvLooper } from "../../../../src/flv/looper.ts";
import { type FlvTag, FlvTagType } from "../../../../src/flv/tag.ts";
import { tags } from "../../../kit/media/flv_tags.ts";

const { keyframe, frame, sound, videoHeader, soundHeader, script } = tags;
const names = new Map<string, string>([
  ["9/17/0", "videoHeader"],
  ["9/17/1", "keyframe"],
  ["9/27/1", "frame"],
  ["8/af/0", "soundHeader"],
  ["8/af/1", "sound"],
]);

/** Reads a message as `kind@time`. */
function nameOf({ typeId, timeMs, payload }: OutgoingMessage): string {
  const head = `${typeId}/${payload[0]?.toString(16)}/${payload[1]}`;
  return `${typeId === FlvTagType.Script ? "script" : names.get(head)}@${timeMs}`;
}

/** A gate in front of tags of a file; `offer` tells what comes through. */
function create() {
  const gate = new PushGate();
  const looper = new FlvLooper({ endless: true });
  looper.startPass();
  const offer = (tag: FlvTag, canSend = true) => gate.offer(looper.map(tag)!, canSend)?.map(nameOf) ?? null;
  return { gate, offer, offerAll: (...file: FlvTag[]) => file.map((tag) => offer(tag)) };
}

const metadata = script(0, encodeAmf0("onMetaData", new EcmaArray({ width: 640, duration: 10, keyframes: { a: 1 } })));

Deno.test("PushGate begins with metadata, headers and a keyframe, in that order", () => {
  const { offerAll } = create();
  assertEquals(offerAll(videoHeader(0), metadata, soundHeader(0), keyframe(0), sound(0), frame(40)), [
    [],
    [],
    [],
    ["script@0", "soundHeader@0", "videoHeader@0", "keyframe@0"],
    ["sound@0"],
    ["frame@40"],
  ]);
});

Deno.test("PushGate sends metadata as encoders do, without what is true of a file only", () => {
  const { gate } = create();
  const looper = new FlvLooper({ endless: true });
  gate.offer(looper.map(metadata)!, true);
  const sent = gate.offer(looper.map(sound(0))!, true)!;
  assertEquals(JSON.stringify(decodeAmf0(sent[0]!.payload)), '["@setDataFrame","onMetaData",{"width":640}]');
});

Deno.test("PushGate does not repeat headers and metadata that the server has, but sends changed ones", () => {
  const { offerAll } = create();
  offerAll(metadata, videoHeader(0, 1), keyframe(0));
  assertEquals(offerAll(metadata, videoHeader(40, 1), keyframe(40), videoHeader(80, 2), keyframe(80)), [
    [],
    [],
    ["keyframe@40"],
    ["videoHeader@80"],
    ["keyframe@80"],
  ]);
});

Deno.test("PushGate begins with headers and the newest GOP on a new connection", () => {
  const { gate, offer, offerAll } = create();
  offerAll(metadata, videoHeader(0), soundHeader(0), keyframe(0), keyframe(20), sound(20));
  assertEquals(offer(frame(40), false), null);
  gate.restart();
  assertEquals(offerAll(frame(80), sound(80)), [
    ["script@20", "soundHeader@20", "videoHeader@20", "keyframe@20", "sound@20", "frame@40", "frame@80"],
    ["sound@80"],
  ]);
});

Deno.test("PushGate keeps no GOP that other headers have come behind, nor one that is too large", () => {
  const changed = create();
  changed.offerAll(videoHeader(0), keyframe(0), videoHeader(40, 7));
  changed.gate.restart();
  assertEquals(changed.offerAll(frame(40), keyframe(80)), [null, ["videoHeader@80", "keyframe@80"]]);
  const large = create();
  large.offerAll(videoHeader(0), keyframe(0));
  const tag = frame(40);
  large.offer({ ...tag, payload: new Uint8Array(9 * 1024 * 1024).fill(0x27, 0, 1).fill(1, 1, 2) });
  large.gate.restart();
  assertEquals(large.offerAll(frame(80), keyframe(120)), [null, ["videoHeader@120", "keyframe@120"]]);
});

Deno.test("PushGate drops up to the next keyframe after a jam, audio too, and sends only headers that changed", () => {
  const { offer, offerAll } = create();
  offerAll(videoHeader(0), soundHeader(0), keyframe(0));
  assertEquals(offer(frame(40), false), null);
  assertEquals(offer(keyframe(80), false), null);
  assertEquals(offerAll(sound(90), frame(120), videoHeader(160, 7), keyframe(160)), [
    null,
    null,
    [],
    ["videoHeader@160", "keyframe@160"],
  ]);
});

Deno.test("PushGate waits for no keyframe where there is no video", () => {
  const { gate, offerAll } = create();
  assertEquals(offerAll(soundHeader(0), sound(0)), [[], ["soundHeader@0", "sound@0"]]);
  gate.restart();
  assertEquals(offerAll(sound(23)), [["soundHeader@23", "sound@23"]]);
});

Deno.test("PushGate goes on without a keyframe when none comes for long", () => {
  const { gate, offerAll } = create();
  offerAll(keyframe(0));
  gate.hold();
  const frames = Array.from({ length: 12 }, (_, i) => frame(1000 * (i + 1)));
  assertEquals(offerAll(...frames).slice(9), [null, ["frame@11000"], ["frame@12000"]]);
});

Deno.test("PushGate passes other data on while it is open, and drops broken metadata", () => {
  const { offerAll } = create();
  const text = script(0, encodeAmf0("onTextData", { text: "a" }));
  const broken = script(0, Uint8Array.of(2, 0, 50, 1));
  assertEquals(offerAll(text, keyframe(0), text, broken, sound(0)), [[], ["keyframe@0"], ["script@0"], [], [
    "sound@0",
  ]]);
});
