import { SrsError } from "../../src/base/errors.ts";
import { FlvResponse } from "../../src/upstream/client/flv_response.ts";
import { parseResponseHead } from "../../src/http1/response_head.ts";
import { concatBytes } from "../../src/base/bytes.ts";
import { encodeFlvHeader, encodeFlvTag } from "../../src/flv/tag.ts";
import { assertEquals, assertMatch } from "../kit/assert.ts";
import { tags } from "../kit/media/flv_tags.ts";
import { splitsOf } from "../kit/media/splits.ts";

const flv = concatBytes(
  encodeFlvHeader({ hasAudio: true, hasVideo: true }),
  ...[tags.videoHeader(0), tags.keyframe(0xff_ffff), tags.sound(5), tags.frame(0xffff_fff0, 7)].map(encodeFlvTag),
);
const allTags = ["9@0", "9@16777215", "8@5", "9@4294967280"];

const text = (value: string) => new TextEncoder().encode(value);

function chunks(...sizes: number[]): Uint8Array {
  const parts: Uint8Array[] = [];
  let at = 0;
  for (const size of sizes) {
    const part = flv.subarray(at, at + size);
    at += part.length;
    parts.push(text(`${part.length.toString(16).toUpperCase()};name=value\r\n`), part, text("\r\n"));
  }
  return concatBytes(...parts);
}

/** What came of an answer, in one line. */
function read(parts: Uint8Array[], end: boolean): string {
  const seen: string[] = [];
  const response = new FlvResponse({
    onHead: ({ status }) => {
      seen.push(String(status));
      return status <= 200;
    },
    onTag: ({ type, timestampMs }) => seen.push(`${type}@${timestampMs}`),
    onComplete: () => seen.push("complete"),
  });
  try {
    for (const part of parts) response.push(part);
    if (end) response.end();
  } catch (error) {
    if (!(error instanceof SrsError)) throw error;
    seen.push(error.message);
  }
  return seen.join(" ");
}

const head = "HTTP/1.1 200 OK\r\nServer: x\r\n";
const cases: { name: string; wire: Uint8Array; expected: string; end?: boolean }[] = [
  {
    name: "until the end of the connection",
    wire: concatBytes(text(`${head}\r\n`), flv),
    end: true,
    expected: `200 ${allTags.join(" ")} complete`,
  },
  {
    name: "with its length, and something behind it",
    wire: concatBytes(text(`${head}CONTENT-length:  ${flv.length}\r\n\r\n`), flv, text("HTTP/1.1 200 OK\r\n\r\n")),
    expected: `200 ${allTags.join(" ")} complete`,
  },
  {
    name: "in chunks with extensions and a trailer",
    wire: concatBytes(
      text(`${head}Transfer-Encoding: Chunked\r\n\r\n`),
      chunks(1, 12, 3, 300),
      text("000\r\nX-Sum: 1\r\n\r\nmore"),
    ),
    expected: `200 ${allTags.join(" ")} complete`,
  },
  {
    name: "in chunks, cut",
    wire: concatBytes(text(`${head}Transfer-Encoding: chunked\r\n\r\n`), chunks(300)),
    end: true,
    expected: `200 ${allTags.join(" ")} the server closed the connection`,
  },
  {
    name: "behind preliminary answers",
    wire: concatBytes(text("HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 x\r\nA: b\r\n\r\n"), text(`${head}\r\n`), flv),
    expected: `102 103 200 ${allTags.join(" ")}`,
  },
  { name: "nothing", wire: new Uint8Array(0), end: true, expected: "the server closed the connection" },
  { name: "half a head", wire: text(head), end: true, expected: "the server closed the connection" },
  {
    name: "a refusal with a body",
    wire: text("HTTP/1.1 404 Not Found\r\n\r\nnothing here"),
    end: true,
    expected: "404",
  },
  { name: "another protocol", wire: text("RTMP"), expected: "invalid response: not an HTTP/1 response" },
  { name: "HTTP/2", wire: text("HTTP/2 200\r\n\r\n"), expected: "invalid response: not an HTTP/1 response" },
  {
    name: "a long size",
    wire: text(`${head}Transfer-Encoding: chunked\r\n\r\n100000000\r\n`),
    expected: "200 malformed chunked body: a chunk has no size",
  },
  {
    name: "a line without end",
    wire: text(`${head}Transfer-Encoding: chunked\r\n\r\n1;${"x".repeat(2000)}`),
    expected: "200 malformed chunked body: a line has more than 1024 bytes",
  },
  {
    name: "a trailer without end",
    wire: text(`${head}Transfer-Encoding: chunked\r\n\r\n0\r\n${"a: bbbbbbbb\r\n".repeat(1000)}`),
    expected: "200 malformed chunked body: the trailer has more than 8192 bytes",
  },
  {
    name: "a chunk longer than it says",
    wire: concatBytes(text(`${head}Transfer-Encoding: chunked\r\n\r\n1\r\n`), flv),
    expected: "200 malformed chunked body: a chunk is longer than declared",
  },
  {
    name: "a bare line feed",
    wire: text(`${head}Transfer-Encoding: chunked\r\n\r\n1\nF`),
    expected: "200 malformed chunked body: a line ends without CR",
  },
];

for (const { name, wire, end = false, expected } of cases) {
  Deno.test(`FlvResponse reads an answer however it is cut: ${name}`, () => {
    for (const split of splitsOf(wire)) assertEquals(read(split.parts, end), expected, split.name);
  });
}

Deno.test("FlvResponse bounds the head, whole and byte by byte", () => {
  const wire = text(`${head}X: ${"x".repeat(20_000)}\r\n\r\n`);
  for (const parts of [[wire], Array.from(wire, (_, i) => wire.subarray(i, i + 1))]) {
    assertEquals(read(parts, false), "invalid response: headers longer than 16384 bytes");
  }
});

Deno.test("parseResponseHead() tells status, location and body, and refuses what is ambiguous", () => {
  const ok: [wire: string, expected: string][] = [
    ["HTTP/1.1 200 OK", "200  untilClose"],
    ["HTTP/1.0 200", "200  untilClose"],
    ["HTTP/1.1 302 Found\r\nLOCATION: http://a/b.flv ", "302 http://a/b.flv untilClose"],
    ["HTTP/1.1 200 OK\r\nContent-Length: 0", "200  0"],
    ["HTTP/1.1 200 OK\r\n__proto__: x\r\nconstructor: y\r\ntransfer-encoding: chunked", "200  chunks"],
  ];
  for (const [wire, expected] of ok) {
    const read = parseResponseHead(text(wire));
    assertEquals(typeof read === "string" ? read : `${read.status} ${read.location} ${read.body}`, expected);
  }
  const wrong: [wire: string, expected: RegExp][] = [
    ["", /not an HTTP/],
    ["HTTP/1.1 20 OK", /not an HTTP/],
    ["HTTP/1.1 2000 OK", /not an HTTP/],
    ["HTTP/1.1 600 OK", /not an HTTP/],
    ["HTTP/1.1 200 OK\r\nno colon", /malformed header/],
    ["HTTP/1.1 200 OK\r\n folded: x", /malformed header/],
    ["HTTP/1.1 200 OK\r\nLocation: http://a\nb", /malformed header/],
    ["HTTP/1.1 200 OK\r\nContent-Length: -1", /ambiguous body length/],
    ["HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2", /ambiguous body length/],
    ["HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked", /ambiguous body length/],
    [`HTTP/1.1 200 OK${"\r\na: b".repeat(101)}`, /more than 100 headers/],
  ];
  for (const [wire, expected] of wrong) assertMatch(String(parseResponseHead(text(wire))), expected);
});
