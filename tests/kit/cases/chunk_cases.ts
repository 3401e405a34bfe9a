import { concatBytes } from "../../../src/base/bytes.ts";
import { encodeMessage } from "../../../src/rtmp/chunk_writer.ts";
import type { RtmpMessage } from "../../../src/rtmp/message.ts";
import { wire } from "./amf0_cases.ts";

/** Chunks and the messages in them. */
export interface ChunkCase {
  name: string;
  bytes: Uint8Array;
  messages: RtmpMessage[];
  /** What makes the same bytes of the messages; nothing for forms that only peers send. */
  writtenBy?: "writeMessage" | "ChunkWriter";
}

/** `count` bytes as hex; none of them can be taken for the head of an extended timestamp used here. */
export function fill(count: number): string {
  return Array.from({ length: count }, (_, i) => (0x20 + i % 0x50).toString(16)).join("");
}

/** The chunk size of all cases that do not change it. */
export const DEFAULT_CHUNK_SIZE = 128;

/** A message as the cases have it: type 9 of message stream 1, unless said otherwise. */
export function message(csid: number, timestampMs: number, payload: string, typeId = 9, msid = 1): RtmpMessage {
  return { csid, typeId, msid, timestampMs, payload: wire(payload) };
}

/** Basic headers of every length, without the two bits of the fmt. */
const basicHeaders: readonly [csid: number, first: number, rest: string][] = [
  [2, 0x02, ""],
  [63, 0x3f, ""],
  [64, 0x00, "00"],
  [319, 0x00, "ff"],
  [320, 0x01, "0001"],
  [65599, 0x01, "ffff"],
];

function basicHeaderCases(): ChunkCase[] {
  return basicHeaders.map(([csid, first, rest]) => {
    const basic = (fmt: number) => (first | (fmt << 6)).toString(16).padStart(2, "0") + rest;
    return {
      name: `csid ${csid} with all four types`,
      bytes: wire(`
        ${basic(0)} 0003e8 000003 09 01000000 'abc'
        ${basic(2)} 000014 'def'
        ${basic(3)} 'ghi'
        ${basic(1)} 00000a 000082 08 ${fill(128)} ${basic(3)} 7071`),
      messages: [
        message(csid, 1000, "'abc'"),
        message(csid, 1020, "'def'"),
        message(csid, 1040, "'ghi'"),
        message(csid, 1050, `${fill(128)} 7071`, 8),
      ],
      writtenBy: "ChunkWriter",
    };
  });
}

/** [value, 24-bit field, extended field] around the point where the extended timestamp begins. */
const times: readonly [value: number, field: string, extended: string][] = [
  [0xfffffe, "fffffe", ""],
  [0xffffff, "ffffff", "00ffffff"],
  [0x1000000, "ffffff", "01000000"],
  [0x7fffffff, "ffffff", "7fffffff"],
];

function timestampCases(): ChunkCase[] {
  const lastTime: typeof times[number] = [0xffffffff, "ffffff", "ffffffff"];
  const absolute = [...times, lastTime].flatMap(([value, field, ext]): ChunkCase[] => [
    {
      name: `timestamp 0x${value.toString(16)} on type 0`,
      bytes: wire(`04 ${field} 000003 09 01000000 ${ext} 'abc'`),
      messages: [message(4, value, "'abc'")],
      writtenBy: "writeMessage",
    },
    {
      name: `timestamp 0x${value.toString(16)} on type 0, continued`,
      bytes: wire(`04 ${field} 000102 09 01000000 ${ext} ${fill(128)} c4 ${ext} ${fill(128)} c4 ${ext} 5051`),
      messages: [message(4, value, `${fill(128)} ${fill(128)} 5051`)],
      writtenBy: "writeMessage",
    },
  ]);
  const deltas = times.flatMap(([delta, field, ext]): ChunkCase[] => [
    {
      name: `delta 0x${delta.toString(16)} on types 1, 2 and 3`,
      bytes: wire(`
        04 00000a 000002 09 01000000 'ab'
        44 ${field} 000003 08 ${ext} 'cde'
        84 000001 'fgh'
        84 ${field} ${ext} 'ijk'
        c4 ${ext} 'lmn'`),
      messages: [
        message(4, 10, "'ab'"),
        message(4, 10 + delta, "'cde'", 8),
        message(4, 11 + delta, "'fgh'", 8),
        message(4, (11 + delta * 2) >>> 0, "'ijk'", 8),
        message(4, (11 + delta * 3) >>> 0, "'lmn'", 8),
      ],
      writtenBy: "ChunkWriter",
    },
    {
      name: `delta 0x${delta.toString(16)} on types 1, 2 and 3, continued`,
      bytes: wire(`
        04 00000a 000002 09 01000000 'ab'
        44 ${field} 000082 08 ${ext} ${fill(128)} c4 ${ext} 5051
        84 000001 ${fill(128)} c4 6061
        84 ${field} ${ext} ${fill(128)} c4 ${ext} 5253
        c4 ${ext} ${fill(128)} c4 ${ext} 5455`),
      messages: [
        message(4, 10, "'ab'"),
        message(4, 10 + delta, `${fill(128)} 5051`, 8),
        message(4, 11 + delta, `${fill(128)} 6061`, 8),
        message(4, (11 + delta * 2) >>> 0, `${fill(128)} 5253`, 8),
        message(4, (11 + delta * 3) >>> 0, `${fill(128)} 5455`, 8),
      ],
      writtenBy: "ChunkWriter",
    },
  ]);
  return [...absolute, ...deltas];
}

/** Old librtmp, OBS before 30.1, some cameras: type 3 chunks without the extended timestamp. */
const bareContinuations: ChunkCase[] = [
  { rest: "5051", name: "of two other bytes" },
  { rest: "01", name: "of one byte, the first of the timestamp" },
  { rest: "0100", name: "of two bytes, the head of the timestamp" },
  { rest: "010000", name: "of three bytes, the head of the timestamp" },
  { rest: "01000001", name: "of four bytes, the last unlike the timestamp" },
  { rest: "0100005051525354", name: "that begins as the timestamp does" },
].map(({ name, rest }) => ({
  name: `type 3 without the extended timestamp, last piece ${name}`,
  bytes: wire(`
    04 ffffff ${u24(128 + rest.length / 2)} 09 01000000 01000000 ${fill(128)} c4 ${rest}
    05 000000 000001 08 01000000 'x'`),
  messages: [message(4, 0x1000000, `${fill(128)} ${rest}`), message(5, 0, "'x'", 8)],
}));

function u24(value: number): string {
  return value.toString(16).padStart(6, "0");
}

const oldStyle: ChunkCase[] = [
  ...bareContinuations,
  {
    name: "type 3 without the extended timestamp that holds the timestamp by chance, told by the piece before",
    bytes: wire(`04 ffffff 000108 09 01000000 01000000 ${fill(128)} c4 ${fill(128)} c4 01000000 01000000`),
    messages: [message(4, 0x1000000, `${fill(128)} ${fill(128)} 01000000 01000000`)],
  },
  {
    name: "type 3 without the extended timestamp behind a delta",
    bytes: wire(`
      04 000000 000001 09 01000000 'a'
      44 ffffff 000084 09 00ffffff ${fill(128)} c4 00ffff00
      84 000005 ${fill(128)} c4 00ffffff`),
    messages: [
      message(4, 0, "'a'"),
      message(4, 0xffffff, `${fill(128)} 00ffff00`),
      message(4, 0x1000004, `${fill(128)} 00ffffff`),
    ],
  },
];

const openedByType3: ChunkCase[] = [
  {
    name: "type 3 opens a message behind type 0: its timestamp is the delta",
    bytes: wire("04 000028 000001 09 01000000 'a' c4 'b' c4 'c'"),
    messages: [message(4, 40, "'a'"), message(4, 80, "'b'"), message(4, 120, "'c'")],
  },
  {
    name: "type 3 opens a message behind type 0 at 5000 ms: still a delta",
    bytes: wire("04 001388 000001 09 01000000 'a' c4 'b'"),
    messages: [message(4, 5000, "'a'"), message(4, 10000, "'b'")],
  },
  {
    name: "type 3 opens a message behind type 0 with a big timestamp: same time",
    bytes: wire("04 001389 000001 09 01000000 'a' c4 'b' c4 'c' 84 000007 'd' c4 'e'"),
    messages: [
      message(4, 5001, "'a'"),
      message(4, 5001, "'b'"),
      message(4, 5001, "'c'"),
      message(4, 5008, "'d'"),
      message(4, 5015, "'e'"),
    ],
  },
  {
    name: "type 3 opens a message behind an extended type 0, with and without the field",
    bytes: wire(`
      04 ffffff 000001 09 01000000 01000000 'a' c4 01000000 'b'
      05 ffffff 000001 09 01000000 01000000 'c' c5 'd' c5 'e'`),
    messages: [
      message(4, 0x1000000, "'a'"),
      message(4, 0x1000000, "'b'"),
      message(5, 0x1000000, "'c'"),
      message(5, 0x1000000, "'d'"),
      message(5, 0x1000000, "'e'"),
    ],
  },
  {
    name: "type 3 opens a message behind type 1: the delta again",
    bytes: wire("04 0003e8 000001 09 01000000 'a' 44 00000a 000002 08 'bb' c4 'cc' c4 'dd'"),
    messages: [
      message(4, 1000, "'a'"),
      message(4, 1010, "'bb'", 8),
      message(4, 1020, "'cc'", 8),
      message(4, 1030, "'dd'", 8),
    ],
  },
  {
    name: "type 1 opens a chunk stream (ping of librtmp)",
    bytes: wire("42 000007 000006 04 0003 00000001 c2 0003 00000002"),
    messages: [message(2, 7, "0003 00000001", 4, 0), message(2, 14, "0003 00000002", 4, 0)],
  },
];

const interrupted: ChunkCase[] = [
  {
    name: "two messages interleaved",
    bytes: wire(`
      04 000000 000083 09 01000000 ${fill(128)}
      05 000001 000082 08 01000000 ${fill(128)}
      c4 'abc' c5 'de'`),
    messages: [message(4, 0, `${fill(128)} 'abc'`), message(5, 1, `${fill(128)} 'de'`, 8)],
  },
  {
    name: "a bigger chunk size in the middle of a message",
    bytes: wire(`04 000000 00012c 09 01000000 ${fill(128)} 02 000000 000004 01 00000000 00001000 c4 ${fill(172)}`),
    messages: [message(4, 0, `${fill(128)} ${fill(172)}`)],
  },
  {
    name: "a smaller chunk size in the middle of a message",
    bytes: wire(`
      04 000000 00012c 09 01000000 ${fill(128)} 02 000000 000004 01 00000000 00000040
      c4 ${fill(64)} c4 ${fill(64)} c4 ${fill(44)}`),
    messages: [message(4, 0, `${fill(128)} ${fill(64)} ${fill(64)} ${fill(44)}`)],
  },
  {
    name: "chunk size 1, and back to 128",
    bytes: wire(`
      02 000000 000004 01 00000000 00000001 04 000000 000003 09 01000000 'a' c4 'b' c4 'c'
      02 000000 000004 01 00000000 00 c2 00 c2 00 c2 80`),
    messages: [message(4, 0, "'abc'")],
  },
  {
    name: "the biggest chunk size there is",
    bytes: wire(`02 000000 000004 01 00000000 7fffffff 04 000000 000100 09 01000000 ${fill(256)}`),
    messages: [message(4, 0, fill(256))],
  },
  {
    name: "an abort, and another message on the same chunk stream",
    bytes: wire(`
      04 000000 00012c 09 01000000 ${fill(128)} 02 000000 000004 02 00000000 00000004
      44 000005 000003 08 'abc'`),
    messages: [message(4, 5, "'abc'", 8)],
  },
  {
    name: "an abort, and type 3 that opens the next message",
    bytes: wire(`
      04 000009 000081 09 01000000 ${fill(128)} 02 000000 000004 02 00000000 00000004
      c4 ${fill(128)} c4 'a'`),
    messages: [message(4, 18, `${fill(128)} 'a'`)],
  },
  {
    name: "aborts of other chunk streams, of unknown ones, and one that is too short",
    bytes: wire(`
      04 000000 000081 09 01000000 ${fill(128)}
      02 000000 000004 02 00000000 00000005 c2 00000003 42 000000 000003 02 000000
      c4 'a'`),
    messages: [message(4, 0, `${fill(128)} 'a'`)],
  },
  {
    name: "type 0 in the middle of a message starts anew (rtmp2sink of GStreamer)",
    bytes: wire(`04 000000 0000ff 09 01000000 ${fill(128)} 04 000014 000002 08 01000000 'ab' c4 'cd'`),
    messages: [message(4, 20, "'ab'", 8), message(4, 40, "'cd'", 8)],
  },
  {
    name: "type 0 without a payload in the middle of a message ends it",
    bytes: wire(`04 000000 0000ff 09 01000000 ${fill(128)} 04 000014 000000 08 01000000 44 000001 000001 08 'a'`),
    messages: [message(4, 21, "'a'", 8)],
  },
  {
    name: "types 1 and 2 of the same length in the middle of a message continue it",
    bytes: wire(`04 000001 000102 09 01000000 ${fill(128)} 44 000009 000102 09 ${fill(128)} 84 000009 'ab'`),
    messages: [message(4, 1, `${fill(128)} ${fill(128)} 'ab'`)],
  },
];

const lengths: ChunkCase[] = [
  {
    name: "messages without a payload are dropped, their time counts",
    bytes: wire("04 000001 000000 08 01000000 84 000002 c4 c4 44 000002 000001 08 'a'"),
    messages: [message(4, 9, "'a'", 8)],
  },
  ...[1, 2].map((chunks): ChunkCase => ({
    name: `a payload of exactly ${chunks} chunks`,
    bytes: wire(`04 000000 ${u24(chunks * 128)} 09 01000000 ${Array(chunks).fill(fill(128)).join(" c4 ")}`),
    messages: [message(4, 0, fill(128).repeat(chunks))],
    writtenBy: "writeMessage",
  })),
  {
    name: "a 3-byte header for a small csid",
    bytes: wire("01 0000 000000 000001 09 01000000 'a' c0 00 'b'"),
    messages: [message(64, 0, "'a'"), message(64, 0, "'b'")],
  },
  {
    name: "the widest numbers: 32-bit msid, unknown type",
    bytes: wire("04 000000 000001 ff fedcba98 'a'"),
    messages: [message(4, 0, "'a'", 255, 0x98badcfe)],
    writtenBy: "writeMessage",
  },
  {
    name: "time runs over 2^32",
    bytes: wire("04 ffffff 000001 09 01000000 fffffff0 'a' 84 000020 'b' c4 'c'"),
    messages: [message(4, 0xfffffff0, "'a'"), message(4, 0x10, "'b'"), message(4, 0x30, "'c'")],
    writtenBy: "ChunkWriter",
  },
  {
    name: "a message earlier than the one before, and one of another message stream",
    bytes: wire("04 000064 000001 09 01000000 'a' 04 000063 000001 09 01000000 'b' 04 000064 000001 09 02000000 'c'"),
    messages: [message(4, 100, "'a'"), message(4, 99, "'b'"), message(4, 100, "'c'", 9, 2)],
    writtenBy: "ChunkWriter",
  },
];

/** Chunks that are read without complaint. */
export const chunkCases: readonly ChunkCase[] = [
  ...basicHeaderCases(),
  ...timestampCases(),
  ...oldStyle,
  ...openedByType3,
  ...interrupted,
  ...lengths,
];

/** A message behind any of the cases, on a chunk stream of its own, to see that the reader is still in step. */
export const follower: RtmpMessage = message(77, 123, "'next'", 18);
export const followerBytes: Uint8Array = concatBytes(encodeMessage(follower, DEFAULT_CHUNK_SIZE));
