import type { MediaPacket } from "../../../src/stream/packet.ts";
import type { MemoryHost } from "../memory/memory_host.ts";
import type { MemoryNetwork } from "../memory/memory_network.ts";
import { MemoryPublisher, type PeerWords } from "../memory/memory_peers.ts";

/** H.264 at 320x180. */
const avcHeader = "17000000000142c00dffe100186742c00dd901519e226c0440000003004000000f03c50a9201000568cb83cb20";
/** H.264 at another size. */
const otherAvcHeader = "1700000000" +
  "0164001effe1001b6764001eacd940a02ff9610000030001000003003c8f162d9601000668ebe3cb22c0fdf8f800";
/** AAC-LC, 44.1 kHz, stereo. */
const aacHeader = "af001210";
const KEY_EVERY = 25;
const FRAME_MS = 40;

/** Publishes what segments can be made of: 25 pictures a second, a keyframe every second, and audio; each its own. */
export class HlsPublisher extends MemoryPublisher {
  #seed = 0;
  #isOver = false;
  #isOther = false;
  #isNextKey = false;
  #lastMs = 0;

  /** @param seed Other streams have other ones. */
  static async begin(host: MemoryHost, address: string, stream: string, seed = 1, words: PeerWords = {}) {
    const publisher = new HlsPublisher(host, words);
    publisher.#seed = seed;
    await publisher.connect("publish", address, stream);
    return publisher;
  }

  /** The pictures have another size from here on, or the one before. */
  changeTracks(): void {
    this.#isOther = !this.#isOther;
    const payload = bytesOf(this.#isOther ? otherAvcHeader : avcHeader);
    // An encoder begins them with a keyframe.
    this.#isNextKey = true;
    this.send({ kind: "video", timestampMs: this.#lastMs, payload });
  }

  protected override onReady(): void {
    for (const [kind, hex] of [["video", avcHeader], ["audio", aacHeader]] as const) {
      this.send({ kind, timestampMs: 0, payload: bytesOf(hex) });
    }
    this.#frame(0);
  }

  override [Symbol.dispose](): void {
    this.#isOver = true;
    super[Symbol.dispose]();
  }

  #frame(count: number): void {
    if (this.#isOver || this.ended !== "") return;
    const timestampMs = count * FRAME_MS;
    this.#lastMs = timestampMs;
    this.send(picture(count % KEY_EVERY === 0 || this.#isNextKey, timestampMs, this.#seed));
    this.#isNextKey = false;
    for (const audioMs of [timestampMs + 3, timestampMs + 23]) this.send(sound(audioMs, this.#seed));
    this.world.after(FRAME_MS, () => this.#frame(count + 1));
  }
}

/** What came of one request. */
export interface HlsAnswer {
  readonly status: number;
  readonly text: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** SHA-256. */
  readonly hash: string;
}

/** Asks a server as a player does. */
export class HlsClient {
  readonly #network: MemoryNetwork;
  readonly #host: MemoryHost;
  readonly #base: string;

  /** @param address `ip:port` of its HTTP server. */
  constructor(network: MemoryNetwork, ip: string, address: string) {
    this.#network = network;
    this.#host = network.host(ip);
    this.#base = `http://${address}`;
  }

  /** Begins to ask; time has to pass before there is an answer. */
  async ask(target: string): Promise<HlsAnswer> {
    const response = await this.#host.fetch(`${this.#base}${target}`, {});
    const bytes = new Uint8Array(await response.arrayBuffer());
    const hash = Array.from(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))).join(".");
    return { status: response.status, text: new TextDecoder().decode(bytes), bytes, hash };
  }

  /** The answer; lets time pass until it is here, in steps, a minute at most. */
  async get(target: string, stepMs = 20): Promise<HlsAnswer> {
    let answer: HlsAnswer | null = null;
    let failure: unknown;
    this.ask(target).then((given) => answer = given, (error) => failure = error);
    for (let ms = 0; ms < 60_000 && answer === null && failure === undefined; ms += stepMs) {
      await this.#network.run(stepMs);
      // Hashes are made outside of the simulated time.
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    if (answer === null) throw failure ?? new Error(`no answer to ${target}`);
    return answer;
  }
}

/** A segment that a playlist lists. */
export interface ListedSegment {
  readonly number: number;
  readonly address: string;
  readonly isGap: boolean;
}

/** Segments that a playlist lists, in order; numbered as players do it. */
export function listedSegments(text: string): ListedSegment[] {
  let number = Number(/#EXT-X-MEDIA-SEQUENCE:(\d+)/.exec(text)?.[1]);
  let isGap = false;
  const found: ListedSegment[] = [];
  for (const line of text.split("\n")) {
    if (line === "#EXT-X-GAP") isGap = true;
    if (line === "" || line.startsWith("#")) continue;
    found.push({ number: number++, address: line, isGap });
    isGap = false;
  }
  return found;
}

function picture(isKey: boolean, timestampMs: number, seed: number): MediaPacket {
  const nal = new Uint8Array(isKey ? 400 : 90).map((_, i) => (i * 7 + timestampMs / 40 + seed) & 127 | 1);
  nal[0] = isKey ? 0x65 : 0x41;
  const payload = new Uint8Array(9 + nal.length);
  payload.set([isKey ? 0x17 : 0x27, 1, 0, 0, 0, 0, 0, nal.length >> 8, nal.length & 255]);
  payload.set(nal, 9);
  return { kind: "video", timestampMs, payload };
}

function sound(timestampMs: number, seed: number): MediaPacket {
  const payload = new Uint8Array(40).map((_, i) => (i * 5 + timestampMs + seed) & 255);
  payload.set([0xaf, 1]);
  return { kind: "audio", timestampMs, payload };
}

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}
