import { assert, assertEquals } from "../kit/assert.ts";
import type { AmfValue } from "../../src/amf/amf0.ts";
import { carry, RawClient, TestServer } from "../kit/peers/peers.ts";

/** What the client says (name, transaction, values behind the null), and what it hears then. */
type Step = [said: [name: string, transactionId: number, ...values: AmfValue[]], heard: string[]];

interface Dialogue {
  name: string;
  steps: Step[];
  /** What the owner of the session gets to know behind `connect`. */
  log: string[];
  type?: string;
}

const started = "onStatus 0 NetStream.Publish.Start";
const fcStarted = "onFCPublish 0 NetStream.Publish.Start";
const playing = [
  "t4 000000000001",
  "onStatus 0 NetStream.Play.Reset",
  "onStatus 0 NetStream.Play.Start",
  "|RtmpSampleAccess true true",
];
const unpublished = [
  "onFCUnpublish 0 NetStream.Unpublish.Success",
  "_result 9 undefined",
  "onStatus 0 NetStream.Unpublish.Success",
];

const dialogues: Dialogue[] = [
  {
    name: "FMLE: releaseStream, FCPublish, createStream, publish",
    steps: [
      [["releaseStream", 2, "s"], ["_result 2 undefined"]],
      [["FCPublish", 3, "s"], ["_result 3 undefined"]],
      [["createStream", 4], ["_result 4 1"]],
      [["publish", 5, "s", "live"], [fcStarted, started]],
      [["FCUnpublish", 9, "s"], unpublished],
      [["deleteStream", 7, 1], ["_result 7"]],
    ],
    log: ["publish", "unpublish"],
    type: "fmle-publish",
  },
  {
    name: "FMLE without releaseStream",
    steps: [
      [["FCPublish", 3, "s"], ["_result 3 undefined"]],
      [["createStream", 4], ["_result 4 1"]],
      [["publish", 5, "s", "live"], [fcStarted, started]],
    ],
    log: ["publish"],
    type: "fmle-publish",
  },
  {
    name: "Flash: createStream, publish without a transaction",
    steps: [
      [["createStream", 2], ["_result 2 1"]],
      [["publish", 0, "s", "live"], [started]],
    ],
    log: ["publish"],
    type: "flash-publish",
  },
  {
    name: "Haivision: createStream, FCPublish, publish without a type",
    steps: [
      [["createStream", 2], ["_result 2 1"]],
      [["FCPublish", 3, "s"], ["_result 3 undefined"]],
      [["publish", 4, "s"], [fcStarted, started]],
      [["FCUnpublish", 9, "s"], unpublished],
    ],
    log: ["publish", "unpublish"],
    type: "haivision-publish",
  },
  {
    name: "an encoder that calls releaseStream late",
    steps: [
      [["createStream", 2], ["_result 2 1"]],
      [["releaseStream", 3, "s"], ["_result 3 undefined"]],
      [["FCPublish", 4, "s"], ["_result 4 undefined"]],
      [["publish", 5, "s"], [fcStarted, started]],
    ],
    log: ["publish"],
    type: "haivision-publish",
  },
  {
    name: "a camera that sends FCPublish behind publish, and again",
    steps: [
      [["createStream", 2], ["_result 2 1"]],
      [["publish", 3, "s", "live"], [started]],
      [["FCPublish", 4, "s"], ["_result 4 undefined"]],
      [["FCPublish", 5, "s"], ["_result 5 undefined"]],
    ],
    log: ["publish"],
    type: "flash-publish",
  },
  {
    name: "publish without createStream",
    steps: [[["publish", 0, "s"], [started]]],
    log: ["publish"],
    type: "flash-publish",
  },
  {
    name: "a stream is created over and over: it is always the same",
    steps: [
      [["createStream", 2], ["_result 2 1"]],
      [["createStream", 3], ["_result 3 1"]],
      [["createStream", 4], ["_result 4 1"]],
      [["play", 0, "s"], playing],
    ],
    log: ["play"],
  },
  {
    name: "Wirecast, which gives false for a name when it stops",
    steps: [
      [["createStream", 2], ["_result 2 1"]],
      [["publish", 3, "s"], [started]],
      [["FCUnpublish", 9, false], unpublished],
      [["deleteStream", 0, false], []],
      [["closeStream", 0], []],
    ],
    log: ["publish", "unpublish"],
  },
  {
    name: "publish anew with another name",
    steps: [
      [["createStream", 2], ["_result 2 1"]],
      [["publish", 3, "s"], [started]],
      [["publish", 4, "other"], [started]],
    ],
    log: ["publish", "unpublish", "publish"],
  },
  {
    name: "publish again behind FCUnpublish",
    steps: [
      [["FCPublish", 2, "s"], ["_result 2 undefined"]],
      [["publish", 3, "s"], [fcStarted, started]],
      [["FCUnpublish", 9, "s"], unpublished],
      [["FCPublish", 4, "s"], ["_result 4 undefined"]],
      [["createStream", 5], ["_result 5 1"]],
      [["publish", 6, "s"], [fcStarted, started]],
      [["deleteStream", 7, 1], []],
    ],
    log: ["publish", "unpublish", "publish", "unpublish"],
  },
  {
    name: "FCUnpublish of nothing",
    steps: [[["FCUnpublish", 9, "s"], ["_result 9 undefined"]]],
    log: [],
  },
  {
    name: "unknown calls: answered with nothing before a stream is created, and while one is played",
    steps: [
      [["_checkbw", 2], ["_result 2"]],
      [["FCSubscribe", 3, "s"], ["_result 3"]],
      [["getStreamLength", 0, "s"], []],
      [["createStream", 4], ["_result 4 1"]],
      [["_checkbw", 5], []],
      [["getStreamLength", 6, "s"], []],
      [["play", 7, "s"], playing],
      [["_checkbw", 8], ["_result 8"]],
      [["receiveAudio", 0, true], []],
      [["seek", 9, 1000], ["_result 9"]],
    ],
    log: ["play"],
  },
  {
    name: "unknown calls of a publisher",
    steps: [
      [["createStream", 2], ["_result 2 1"]],
      [["publish", 3, "s"], [started]],
      [["_checkbw", 4], []],
    ],
    log: ["publish"],
  },
  {
    name: "answers of the client to calls never made",
    steps: [
      [["_result", 2, 1], []],
      [["_error", 3, "x"], []],
      [["onStatus", 0, { code: "x" }], []],
      [["", 0], []],
    ],
    log: [],
  },
  {
    name: "play, pause, go on, stop, play another",
    steps: [
      [["createStream", 2], ["_result 2 1"]],
      [["play", 3, "s"], playing],
      [["pause", 0, true, 1000], ["onStatus 0 NetStream.Pause.Notify", "t4 000100000001"]],
      [["pause", 0, false, 1000], ["onStatus 0 NetStream.Unpause.Notify", "t4 000000000001"]],
      [["pause", 0], ["onStatus 0 NetStream.Unpause.Notify", "t4 000000000001"]],
      [["closeStream", 0], []],
      [["pause", 0, true], []],
      [["play", 0, "other"], playing],
      [["deleteStream", 5, 1], ["_result 5"]],
    ],
    log: ["play", "pause", "pause", "pause", "stopPlay", "play", "stopPlay"],
  },
  {
    name: "a player that turns publisher",
    steps: [
      [["play", 0, "s"], playing],
      [["publish", 3, "s"], [started]],
      [["play", 0, "s"], playing],
    ],
    log: ["play", "stopPlay", "publish", "unpublish", "play"],
  },
];

for (const { name, steps, log, type } of dialogues) {
  Deno.test(`RtmpServerSession leads the dialogue: ${name}`, () => {
    const server = new TestServer();
    const client = RawClient.connected(server);
    for (const [[call, transactionId, ...values], heard] of steps) {
      carry(client.call(call, transactionId, null, ...values), server.session);
      assertEquals(client.heard(), heard, call);
    }
    assertEquals(server.log, ["connect", ...log]);
    if (type === undefined) return;
    const publish = server.requests.find((request) => request.kind === "publish");
    assert(publish?.kind === "publish");
    assertEquals(publish.type, type);
  });
}
