import { type Field, FieldDecoder } from "../../../src/http2/field_decoder.ts";
import { encodeFields } from "../../../src/http2/field_encoder.ts";
import { H2Error } from "../../../src/http2/h2_error.ts";
import { decodeHuffman } from "../../../src/http2/huffman.ts";
import { readRequestFields } from "../../../src/http2/request_fields.ts";
import { assertEquals, assertThrows } from "../../kit/assert.ts";

function hex(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text.replaceAll(" ", "").match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

const MOST = 4096;

function pairs(fields: readonly Field[]): string[][] {
  return fields.map((field) => [...field]);
}

Deno.test("FieldDecoder reads the examples of RFC 7541 C.3, C.4 and C.6, whose tables go on from one to the next", () => {
  const first = [[":method", "GET"], [":scheme", "http"], [":path", "/"], [":authority", "www.example.com"]];
  const second = [...first, ["cache-control", "no-cache"]];
  const third = [
    [":method", "GET"],
    [":scheme", "https"],
    [":path", "/index.html"],
    [":authority", "www.example.com"],
    ["custom-key", "custom-value"],
  ];
  for (
    const blocks of [
      [
        "828684410f7777772e6578616d706c652e636f6d",
        "828684be58086e6f2d6361636865",
        "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565",
      ],
      [
        "828684418cf1e3c2e5f23a6ba0ab90f4ff",
        "828684be5886a8eb10649cbf",
        "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
      ],
    ]
  ) {
    const decoder = new FieldDecoder();
    assertEquals(blocks.map((block) => pairs(decoder.decode(hex(block), MOST).fields)), [first, second, third]);
  }
  const answer =
    "488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3";
  assertEquals(pairs(new FieldDecoder().decode(hex(answer), MOST).fields), [
    [":status", "302"],
    ["cache-control", "private"],
    ["date", "Mon, 21 Oct 2013 20:13:21 GMT"],
    ["location", "https://www.example.com"],
  ]);
});

Deno.test("a damaged block is an error, whatever is damaged", () => {
  const blocks = ["80", "c6", "ff8080808001", "4003", "00", "0085ff", "3fe120", "8220", "0081ff00"];
  for (const block of blocks) assertThrows(() => new FieldDecoder().decode(hex(block), MOST), H2Error);
  // The end is never sent, nor more than seven bits behind the last character.
  for (const text of ["ffffffff", "3fff", "f1e3c2e5f23a6ba0ab90f4fe"]) {
    assertThrows(() => decodeHuffman(hex(text)), H2Error);
  }
});

Deno.test("fields that are too long are left out, and the table goes on all the same", () => {
  const decoder = new FieldDecoder();
  // An entry of the table, then that a hundred times.
  const value = "61".repeat(100);
  const bomb = decoder.decode(hex(`400178 64${value}` + "be".repeat(100)), 1000);
  assertEquals([bomb.isTooLong, bomb.fields.length], [true, 7]);
  assertEquals(decoder.decode(hex("be"), 1000), { isTooLong: false, fields: [["x", "a".repeat(100)]] });
});

Deno.test("what is encoded is read again, and says nothing of connections", () => {
  const headers = new Headers({
    "content-type": "video/x-flv",
    "content-length": "12345",
    location: `https://example.com/${"a".repeat(300)}`,
    "x-own": "é",
    connection: "close",
    "transfer-encoding": "chunked",
  });
  const { fields } = new FieldDecoder().decode(encodeFields(206, headers, true), 100_000);
  assertEquals(pairs(fields)[0], [":status", "206"]);
  assertEquals(fields.map(([name]) => name), [":status", "content-length", "content-type", "location", "x-own"]);
  assertEquals(fields[3]![1].length, 320);
});

Deno.test("requests are read as strictly as those of HTTP/1", () => {
  const good: [string, string][] = [[":method", "GET"], [":scheme", "https"], [":path", "/a?b"], [":authority", "h:1"]];
  const head = readRequestFields([...good, ["cookie", "a=1"], ["cookie", "b=2"], ["te", "trailers"]])!;
  assertEquals([head.method, head.target, head.host], ["GET", "/a?b", "h:1"]);
  assertEquals([head.headers.get("cookie"), head.headers.get("host")], ["a=1; b=2", "h:1"]);
  const without = (name: string) => good.filter(([each]) => each !== name);
  const bad: [string, string][][] = [
    without(":method"),
    without(":scheme"),
    without(":path"),
    without(":authority"),
    [...good, [":path", "/b"]],
    [...good, [":status", "200"]],
    [["a", "b"], ...good],
    [...good, ["A", "b"]],
    [...good, ["a b", "c"]],
    [...good, ["a", "b\r\nc: d"]],
    [...good, ["connection", "close"]],
    [...good, ["transfer-encoding", "chunked"]],
    [...good, ["te", "gzip"]],
    [...good, ["host", "other"]],
    [...without(":path"), [":path", "a"]],
    [...without(":path"), [":path", ""]],
    [...without(":path"), [":path", "/a b"]],
    [...without(":path"), [":path", "/a\tb"]],
    [...without(":path"), [":path", "*"]],
    [...without(":authority"), [":authority", "a@b"]],
    [...without(":authority"), [":authority", "a/b"]],
  ];
  for (const fields of bad) assertEquals(readRequestFields(fields), null, fields.join(" "));
});
