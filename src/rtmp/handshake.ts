import { ByteQueue } from "../base/byte_queue.ts";
import { concatBytes } from "../base/bytes.ts";
import { ProtocolError } from "../base/errors.ts";
import { type DigestSchema, findDigest, handshakeBlockBytes, signAnswer, signBlock } from "./handshake_digest.ts";

/** How the two sides shook hands: "simple" echoes blocks, the others sign them with the digest in that schema. */
export type HandshakeKind = "simple" | "digest0" | "digest1";

/** Options of both handshakes. */
export interface HandshakeOptions {
  /** Returns that many random bytes. */
  random: (count: number) => Uint8Array;
  /** Wall clock, milliseconds since the epoch; its seconds go into C1 or S1. Default 0. */
  nowMs?: number;
}

const rtmpVersion = 3;
const proxyPrefix = 0xf3;
const maxProxyBytes = 1024;
/** What servers and clients announce as their version; SRS's numbers, as clients choose features by them. */
const serverVersion = 0x01000504;
const clientVersion = 0x80000702;

/** Takes bytes in pieces of any size and hands them on in blocks of the length last asked for. */
abstract class Handshake {
  readonly #random: (count: number) => Uint8Array;
  protected readonly nowSeconds: number;
  readonly #partial = new ByteQueue(handshakeBlockBytes);
  /** Length of the block to come; null once the handshake is over. */
  #needBytes: number | null;
  #output: Uint8Array | null = null;
  #kind: HandshakeKind | null = null;

  constructor(options: HandshakeOptions, firstBlockBytes: number) {
    this.#random = options.random;
    this.nowSeconds = Math.floor((options.nowMs ?? 0) / 1000) >>> 0;
    this.#needBytes = firstBlockBytes;
  }

  /** Known as soon as the peer's first block is there. */
  get kind(): HandshakeKind | null {
    return this.#kind;
  }

  /**
   * Takes received bytes.
   *
   * @returns Null while the handshake is unfinished, then the bytes after it: a view on `bytes`, maybe empty.
   * @throws {ProtocolError} `RtmpHandshake`; the handshake is then of no more use.
   */
  push(bytes: Uint8Array): Uint8Array | null {
    let at = 0;
    while (this.#needBytes !== null) {
      const piece = bytes.subarray(at, at + this.#needBytes - this.#partial.length);
      at += piece.length;
      this.#partial.push(piece);
      const block = this.#partial.peek(this.#needBytes);
      if (block === null) return null;
      this.#needBytes = this.onBlock(block);
      this.#partial.skip(block.length);
    }
    // Its memory would be kept for as long as the connection lasts.
    this.#partial.takeAll();
    return bytes.subarray(at);
  }

  /** Moves out the bytes to send, if any. */
  takeOutput(): Uint8Array | null {
    const output = this.#output;
    this.#output = null;
    return output;
  }

  /** Handles a block, valid during the call; returns the length of the next one, null at the end of the handshake. */
  protected abstract onBlock(block: Uint8Array): number | null;

  /** Sends bytes, which are left to it. */
  protected send(bytes: Uint8Array): void {
    this.#output = this.#output === null ? bytes : concatBytes(this.#output, bytes);
  }

  protected settle(schema: DigestSchema | null): void {
    this.#kind = schema === null ? "simple" : `digest${schema}`;
  }

  /** Writes a C1 or S1: two 32-bit numbers and random bytes. */
  protected writeFirst(block: Uint8Array, time: number, second: number): void {
    const view = new DataView(block.buffer, block.byteOffset);
    view.setUint32(0, time);
    view.setUint32(4, second);
    block.set(this.#random(handshakeBlockBytes - 8), 8);
  }

  /** Writes a C2 or S2 that answers a digest. */
  protected writeAnswer(block: Uint8Array, peerDigest: Uint8Array, signer: "client" | "server"): void {
    block.set(this.#random(handshakeBlockBytes - 32));
    signAnswer(block, peerDigest, signer);
  }
}

/**
 * The server's side: reads C0 C1 C2, sends S0 S1 S2 as soon as C1 is whole.
 *
 * A C1 whose version field is 0, or that holds no digest, is answered by the simple handshake. C2 is read, not checked.
 * A PROXY prefix of SRS (0xF3, 16-bit length, IPv4 address) may stand before C0.
 * Source: RTMP 1.0 §5.2; SRS 7 `SrsComplexHandshake`, `SrsSimpleHandshake`.
 */
export class ServerHandshake extends Handshake {
  #step: "start" | "proxyLength" | "proxy" | "c0" | "c1" | "c2" = "start";
  #forwardedIp: string | null = null;

  constructor(options: HandshakeOptions) {
    super(options, 1);
  }

  /** The client's address by the PROXY prefix: claimed, not proven. */
  get forwardedIp(): string | null {
    return this.#forwardedIp;
  }

  protected override onBlock(block: Uint8Array): number | null {
    switch (this.#step) {
      case "start":
        if (block[0] !== proxyPrefix) return this.#onC0(block);
        this.#step = "proxyLength";
        return 2;
      case "proxyLength":
        this.#step = "proxy";
        return proxyLength(block);
      case "proxy":
        if (block.length >= 4) this.#forwardedIp = block.subarray(0, 4).join(".");
        this.#step = "c0";
        return 1;
      case "c0":
        return this.#onC0(block);
      case "c1":
        this.#onC1(block);
        this.#step = "c2";
        return handshakeBlockBytes;
      case "c2":
        return null;
    }
  }

  #onC0(block: Uint8Array): number {
    checkVersion("C0", block);
    this.#step = "c1";
    return handshakeBlockBytes;
  }

  #onC1(c1: Uint8Array): void {
    const view = new DataView(c1.buffer, c1.byteOffset);
    const found = view.getUint32(4) === 0 ? null : findDigest(c1, "client");
    this.settle(found?.schema ?? null);
    const answer = new Uint8Array(1 + 2 * handshakeBlockBytes);
    const s1 = answer.subarray(1, 1 + handshakeBlockBytes);
    const s2 = answer.subarray(1 + handshakeBlockBytes);
    answer[0] = rtmpVersion;
    if (found === null) {
      this.writeFirst(s1, this.nowSeconds, view.getUint32(0));
      s2.set(c1);
    } else {
      this.writeFirst(s1, this.nowSeconds, serverVersion);
      signBlock(s1, found.schema, "server");
      this.writeAnswer(s2, found.digest, "server");
    }
    this.send(answer);
  }
}

/** Options of {@link ClientHandshake}. */
export interface ClientHandshakeOptions extends HandshakeOptions {
  /** Sign C1 (schema 1, as SRS's edge does), default; false asks for the simple handshake. */
  digest?: boolean;
}

/**
 * The client's side: C0 C1 are ready at once, C2 when S1 is there.
 *
 * Whatever the server answers is accepted; a digest in S1 is answered by a signed C2, anything else by its copy.
 */
export class ClientHandshake extends Handshake {
  #step: "s0" | "s1" | "s2" = "s0";

  constructor(options: ClientHandshakeOptions) {
    super(options, 1);
    const digest = options.digest ?? true;
    const start = new Uint8Array(1 + handshakeBlockBytes);
    const c1 = start.subarray(1);
    start[0] = rtmpVersion;
    this.writeFirst(c1, this.nowSeconds, digest ? clientVersion : 0);
    if (digest) signBlock(c1, 1, "client");
    this.send(start);
  }

  protected override onBlock(block: Uint8Array): number | null {
    switch (this.#step) {
      case "s0":
        checkVersion("S0", block);
        this.#step = "s1";
        return handshakeBlockBytes;
      case "s1":
        this.#onS1(block);
        this.#step = "s2";
        return handshakeBlockBytes;
      case "s2":
        return null;
    }
  }

  #onS1(s1: Uint8Array): void {
    const found = findDigest(s1, "server");
    this.settle(found?.schema ?? null);
    if (found === null) return this.send(s1.slice());
    const c2 = new Uint8Array(handshakeBlockBytes);
    this.writeAnswer(c2, found.digest, "client");
    this.send(c2);
  }
}

function proxyLength(block: Uint8Array): number {
  const length = new DataView(block.buffer, block.byteOffset).getUint16(0);
  if (length > maxProxyBytes) {
    throw new ProtocolError("RtmpHandshake", `PROXY header of ${length} bytes, the limit is ${maxProxyBytes}`);
  }
  return length;
}

function checkVersion(name: "C0" | "S0", block: Uint8Array): void {
  const version = block[0] ?? 0;
  if (version === rtmpVersion) return;
  const hex = version.toString(16).padStart(2, "0");
  throw new ProtocolError("RtmpHandshake", `${name} is 0x${hex} instead of 3${looksLike(version)}`);
}

function looksLike(version: number): string {
  if (version === 6 || version === 8 || version === 9) return ": RTMPE (encrypted RTMP), which is not supported";
  if (version === 0x16) return ": looks like TLS (rtmps or https)";
  if (version === 0x0d) return ": looks like the PROXY protocol, version 2";
  return "GPHODC".includes(String.fromCharCode(version)) ? ": looks like HTTP" : "";
}
