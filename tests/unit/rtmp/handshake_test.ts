import { assert, assertEquals, assertThrows } from "../../kit/assert.ts";
import { concatBytes, encodeUtf8 } from "../../../src/base/bytes.ts";
import { ProtocolError } from "../../../src/base/errors.ts";
import { ClientHandshake, type HandshakeKind, ServerHandshake } from "../../../src/rtmp/handshake.ts";
import { findDigest, signAnswer, signBlock } from "../../../src/rtmp/handshake_digest.ts";
import { Prng } from "../../kit/media/mutate.ts";

const nowMs = 1_700_000_000_999;
const nowSeconds = [0x65, 0x53, 0xf1, 0x00];
const clientTime = [0, 1, 2, 3];

function createServer(seed = 1): ServerHandshake {
  const prng = new Prng(seed);
  return new ServerHandshake({ random: (count) => prng.bytes(count), nowMs });
}

function createClient(digest: boolean): ClientHandshake {
  const prng = new Prng(2);
  return new ClientHandshake({ random: (count) => prng.bytes(count), nowMs, digest });
}

/** C0 and a C1 with the given version field. */
function c0c1(version: number[], sign: 0 | 1 | null): Uint8Array {
  const c1 = concatBytes(Uint8Array.from([...clientTime, ...version]), new Prng(7).bytes(1528));
  if (sign !== null) signBlock(c1, sign, "client");
  return concatBytes(Uint8Array.of(3), c1);
}

function blocks(output: Uint8Array | null): [number, Uint8Array, Uint8Array] {
  assert(output !== null && output.length === 3073);
  return [output[0] ?? -1, output.subarray(1, 1537), output.subarray(1537)];
}

Deno.test("the server answers C0 C1 at once and is finished by any C2", () => {
  const server = createServer();
  const hello = c0c1([0, 0, 0, 0], null);
  assertEquals(server.push(hello.subarray(0, 1536)), null);
  assertEquals(server.takeOutput(), null);
  assertEquals(server.kind, null);
  assertEquals(server.push(hello.subarray(1536)), null);
  assertEquals(server.takeOutput()?.length, 3073);
  assertEquals(server.takeOutput(), null);
  assertEquals(server.push(new Uint8Array(1535)), null);
  assertEquals(server.push(Uint8Array.of(0, 8, 9)), Uint8Array.of(8, 9));
  assertEquals(server.push(Uint8Array.of(10)), Uint8Array.of(10));
  assertEquals(server.takeOutput(), null);
});

Deno.test("the simple answer: S1 has the server's time and the client's, S2 is C1", () => {
  const server = createServer();
  const hello = c0c1([0, 0, 0, 0], null);
  server.push(hello);
  const [s0, s1, s2] = blocks(server.takeOutput());
  assertEquals(server.kind, "simple");
  assertEquals(s0, 3);
  assertEquals([...s1.subarray(0, 8)], [...nowSeconds, ...clientTime]);
  assertEquals(s2, hello.subarray(1));
});

for (const schema of [0, 1] as const) {
  Deno.test(`the digest answer to schema ${schema}: S1 signed in the same schema, S2 signs the digest of C1`, () => {
    const server = createServer();
    const hello = c0c1([9, 0, 124, 2], schema);
    server.push(hello);
    const [s0, s1, s2] = blocks(server.takeOutput());
    assertEquals(server.kind, `digest${schema}`);
    assertEquals(s0, 3);
    assertEquals([...s1.subarray(0, 8)], [...nowSeconds, 1, 0, 5, 4]);
    assertEquals(findDigest(s1, "server")?.schema, schema);
    const digest = findDigest(hello.subarray(1), "client")?.digest;
    assert(digest !== undefined);
    const expected = s2.slice();
    signAnswer(expected, digest, "server");
    assertEquals(s2, expected);
  });
}

const simpleCases: { name: string; hello: Uint8Array }[] = [
  { name: "a version but no digest", hello: c0c1([9, 0, 124, 2], null) },
  { name: "version 0 in spite of a digest", hello: c0c1([0, 0, 0, 0], 1) },
  { name: "a digest with one wrong bit", hello: flipped(c0c1([9, 0, 124, 2], 1)) },
];

function flipped(hello: Uint8Array): Uint8Array {
  hello[1536] = (hello[1536] ?? 0) ^ 1;
  return hello;
}

for (const { name, hello } of simpleCases) {
  Deno.test(`a client with ${name} gets the simple handshake`, () => {
    const server = createServer();
    server.push(hello);
    assertEquals(server.kind, "simple");
    assertEquals(blocks(server.takeOutput())[2], hello.subarray(1));
  });
}

const wrongVersions = [
  { first: [6], says: "C0 is 0x06 instead of 3: RTMPE" },
  { first: [...encodeUtf8("GET / HTTP/1.1")], says: "C0 is 0x47 instead of 3: looks like HTTP" },
  { first: [...encodeUtf8("POST /")], says: "HTTP" },
  { first: [...encodeUtf8("HEAD /")], says: "HTTP" },
  { first: [0x16, 3, 1], says: "TLS" },
  { first: [0x0d, 0x0a], says: "PROXY" },
  { first: [0xff], says: "C0 is 0xff instead of 3" },
  { first: [0xf3, 0, 0, 0xf3], says: "C0 is 0xf3" },
  { first: [0xf3, 0, 0, 6], says: "RTMPE" },
  { first: [0xf3, 4, 1], says: "PROXY header of 1025 bytes" },
];

for (const { first, says } of wrongVersions) {
  Deno.test(`the server refuses a connection that begins ${first.slice(0, 4)}`, () => {
    const server = createServer();
    const error = assertThrows(() => server.push(Uint8Array.from(first)), ProtocolError, says);
    assertEquals(error.code, 2004);
    assertEquals(server.takeOutput(), null);
  });
}

const proxyCases = [
  { name: "an address", prefix: [0xf3, 0, 4, 192, 0, 2, 7], ip: "192.0.2.7" },
  { name: "an address and more", prefix: [0xf3, 0, 6, 192, 0, 2, 7, 1, 2], ip: "192.0.2.7" },
  { name: "too little for an address", prefix: [0xf3, 0, 3, 192, 0, 2], ip: null },
  { name: "nothing", prefix: [0xf3, 0, 0], ip: null },
  { name: "the most it may", prefix: [0xf3, 4, 0, ...new Array<number>(1024).fill(1)], ip: "1.1.1.1" },
];

for (const { name, prefix, ip } of proxyCases) {
  Deno.test(`a PROXY prefix with ${name} is read and skipped`, () => {
    const hello = concatBytes(Uint8Array.from(prefix), c0c1([0, 0, 0, 0], null));
    const whole = createServer();
    const byByte = createServer();
    whole.push(hello);
    for (const byte of hello) byByte.push(Uint8Array.of(byte));
    for (const server of [whole, byByte]) {
      assertEquals(server.takeOutput()?.length, 3073);
      assertEquals([server.kind, server.forwardedIp], ["simple", ip]);
    }
  });
}

Deno.test("without a PROXY prefix there is no forwarded address", () => {
  const server = createServer();
  server.push(c0c1([0, 0, 0, 0], null));
  assertEquals(server.forwardedIp, null);
});

for (const digest of [true, false]) {
  const kind: HandshakeKind = digest ? "digest1" : "simple";

  Deno.test(`client (${kind}): C0 C1 are ready at once, C2 when S1 is there`, () => {
    const client = createClient(digest);
    const hello = client.takeOutput();
    assert(hello !== null && hello.length === 1537);
    assertEquals([...hello.subarray(0, 9)], [3, ...nowSeconds, ...(digest ? [0x80, 0, 7, 2] : [0, 0, 0, 0])]);
    assertEquals(findDigest(hello.subarray(1), "client")?.schema, digest ? 1 : undefined);

    const server = createServer();
    server.push(hello);
    const answer = server.takeOutput();
    assert(answer !== null);
    assertEquals(client.push(answer.subarray(0, 1536)), null);
    assertEquals(client.takeOutput(), null);
    assertEquals(client.push(answer.subarray(1536, 1537)), null);
    const c2 = client.takeOutput();
    assert(c2 !== null && c2.length === 1536);
    if (!digest) assertEquals(c2, answer.subarray(1, 1537));
    assertEquals(client.push(answer.subarray(1537)), new Uint8Array(0));
    assertEquals(server.push(c2), new Uint8Array(0));
    assertEquals([client.kind, server.kind], [kind, kind]);
  });
}

Deno.test("a signing client accepts a server that knows the simple handshake only, or sends zeros", () => {
  for (const s1 of [new Prng(3).bytes(1536), new Uint8Array(1536)]) {
    const client = createClient(true);
    client.takeOutput();
    const rest = client.push(concatBytes(Uint8Array.of(3), s1, new Uint8Array(1536), Uint8Array.of(2, 0)));
    assertEquals(rest, Uint8Array.of(2, 0));
    assertEquals(client.kind, "simple");
    assertEquals(client.takeOutput(), s1);
  }
});

Deno.test("the client refuses a server that does not speak RTMP", () => {
  const says = "S0 is 0x48 instead of 3: looks like HTTP";
  assertThrows(() => createClient(true).push(encodeUtf8("HTTP/1.1 400 Bad Request")), ProtocolError, says);
});

Deno.test("digests are found at every place their offset bytes can ask for", () => {
  for (const schema of [0, 1] as const) {
    for (const offset of [0, 1, 254, 255, 256, 510, 511, 727, 728, 1019, 1020]) {
      const block = new Prng(5).bytes(1536);
      const half = schema === 0 ? 772 : 8;
      let left = offset;
      for (let i = 0; i < 4; i++) {
        const part = Math.min(left, 255);
        block[half + i] = part;
        left -= part;
      }
      const digest = signBlock(block, schema, "client");
      const at = half + 4 + offset % 728;
      assertEquals(block.slice(at, at + 32), digest);
      assertEquals(findDigest(block, "client")?.schema, schema, `schema ${schema}, offset ${offset}`);
      assertEquals(findDigest(block, "server"), null);
    }
  }
});
