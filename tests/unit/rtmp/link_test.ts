import { assertEquals, assertThrows } from "../../kit/assert.ts";
import { ProtocolError } from "../../../src/base/errors.ts";
import { encodeMessage } from "../../../src/rtmp/chunk_writer.ts";
import { encodeCommand } from "../../../src/rtmp/command.ts";
import { userControl, UserControlEvent } from "../../../src/rtmp/control.ts";
import { RtmpLink } from "../../../src/rtmp/link.ts";
import { MessageType, type RtmpMessage } from "../../../src/rtmp/message.ts";
import { wire } from "../../kit/cases/amf0_cases.ts";

function link(options = { compressHeaders: false, maxOutputBytes: 1000 }): { link: RtmpLink; heard: string[] } {
  const heard: string[] = [];
  const made = new RtmpLink({
    onCommand: ({ name }, { csid }) => heard.push(`command ${name} ${csid}`),
    onMedia: ({ typeId, timestampMs }) => heard.push(`media ${typeId} at ${timestampMs}`),
    onUserControl: ({ event, value }) => heard.push(`user control ${event} of ${value}`),
  }, options);
  return { link: made, heard };
}

function video(payload: string, timestampMs = 0): RtmpMessage {
  return { csid: 6, typeId: MessageType.Video, msid: 1, timestampMs, payload: wire(payload) };
}

Deno.test("RtmpLink hands on commands, media and user control, each by its kind", () => {
  const { link: receiver, heard } = link();
  const sent = [
    encodeCommand({ csid: 3, msid: 0 }, "createStream", 2, null),
    video("'v'", 5),
    { ...video("'d'", 6), typeId: MessageType.DataAmf3 },
    { ...video("08 000001 000000 00 000000 'a' 00000000", 9), typeId: MessageType.Aggregate },
    userControl(UserControlEvent.StreamEof, 1),
    { ...video("'x'"), typeId: 99 },
  ];
  for (const message of sent) receiver.receive(encodeMessage(message, 128));
  assertEquals(heard, [
    "command createStream 3",
    "media 9 at 5",
    "media 15 at 6",
    "media 8 at 9",
    "user control 1 of 1",
  ]);
});

Deno.test("RtmpLink counts what it received", () => {
  const { link: receiver } = link();
  const bytes = encodeMessage(video("'v'"), 128);
  receiver.receive(bytes);
  receiver.receive(bytes.subarray(0, 3));
  assertEquals(receiver.bytesIn, bytes.length + 3);
});

Deno.test("RtmpLink moves out what it has to send, once", () => {
  const { link: sender } = link();
  assertEquals(sender.takeOutput(), null);
  sender.send(video("'a'"));
  sender.send(video("'b'", 1));
  assertEquals(sender.outputBytes, 26);
  assertEquals(sender.takeOutput(), wire("06 000000 000001 09 01000000 'a' 06 000001 000001 09 01000000 'b'"));
  assertEquals([sender.takeOutput(), sender.outputBytes], [null, 0]);
});

Deno.test("RtmpLink shortens headers when it may", () => {
  const { link: sender } = link({ compressHeaders: true, maxOutputBytes: 1000 });
  sender.send(video("'a'"));
  sender.send(video("'b'", 1));
  assertEquals(sender.takeOutput(), wire("06 000000 000001 09 01000000 'a' 86 000001 'b'"));
});

Deno.test("RtmpLink announces a chunk size in the old one and uses it from then on", () => {
  for (const compressHeaders of [false, true]) {
    const { link: sender } = link({ compressHeaders, maxOutputBytes: 1000 });
    sender.setOutChunkSize(128);
    assertEquals(sender.takeOutput(), null);
    sender.setOutChunkSize(2);
    sender.send(video("'abc'"));
    assertEquals(
      sender.takeOutput(),
      wire("02 000000 000004 01 00000000 00000002 06 000000 000003 09 01000000 'ab' c6 'c'"),
    );
  }
});

Deno.test("RtmpLink holds no more output than it may: a peer that asks and never reads is at fault", () => {
  const { link: sender } = link({ compressHeaders: false, maxOutputBytes: 100 });
  const ping = encodeMessage(userControl(UserControlEvent.PingRequest, 1), 128);
  for (let i = 0; i < 5; i++) sender.receive(ping);
  assertEquals(sender.outputBytes, 90);
  const error = assertThrows(() => sender.receive(ping), ProtocolError, "90 bytes of replies are waiting");
  assertEquals(error.codeName, "RtmpMsgInvalidSize");
  sender.takeOutput();
  sender.receive(ping);
  assertEquals(sender.outputBytes, 18);
});
