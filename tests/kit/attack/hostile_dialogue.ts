import { type AmfValue, encodeAmf0 } from "../../../src/amf/amf0.ts";
import { concatBytes, encodeUtf8 } from "../../../src/base/bytes.ts";
import { encodeMessage } from "../../../src/rtmp/chunk_writer.ts";
import { encodeCommand } from "../../../src/rtmp/command.ts";
import { setChunkSize } from "../../../src/rtmp/control.ts";
import { MessageType } from "../../../src/rtmp/message.ts";
import { mutate, type Prng } from "../media/mutate.ts";

/** Where the doors of the server under attack are. */
export interface AttackedPorts {
  readonly rtmp: number;
  readonly api: number;
  readonly web: number;
}

/** What one connection of an attacker says. */
export interface HostileDialogue {
  /** For reports: which attack it is. */
  readonly kind: string;
  readonly port: number;
  /** Sent one after the other. */
  readonly pieces: readonly Uint8Array[];
  /** Whether it reads what it is answered, or leaves it lying, so that its close is a reset. */
  readonly reads: boolean;
  /** How long it stays after its last word. */
  readonly lingerMs: number;
}

const CHUNK = 65_536;
/** As servers know them, and some that none knows. */
const messageTypes = [1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 18, 19, 20, 22, 23, 0, 100, 255];
const names = ["connect", "createStream", "publish", "play", "play2", "deleteStream", "closeStream", "releaseStream"];
const moreNames = [
  "FCPublish",
  "FCUnpublish",
  "pause",
  "seek",
  "_result",
  "onStatus",
  "@setDataFrame",
  "__proto__",
  "",
];
/** Not those that the machine itself may stop or reload a server by: the attackers are on it. */
const paths = [
  "/live/healthy.flv",
  "/live/healthy.ts",
  "/live/x.flv?start=99999999999",
  "/api/v1/clients/",
  "/api/v1/streams?count=1e9&start=-1",
  "/api/v1/clusters?vhost=__defaultVhost__&app=live&stream=healthy&claim=abc",
  "/api/v1/raw?rpc=reload",
  "/console/api/act?server=x&do=kick&id=1",
  "/console/../../etc/passwd",
  "/%2e%2e/%2e%2e/etc/passwd",
  "/metrics",
];

/** Draws dialogues from a seed: the same seed attacks in the same way. */
export class HostileDialogues {
  readonly #prng: Prng;
  readonly #ports: AttackedPorts;
  readonly #captures: readonly Uint8Array[];
  #streams = 0;

  /** @param captures What real clients have sent, to be mutated and spliced. */
  constructor(prng: Prng, ports: AttackedPorts, captures: readonly Uint8Array[]) {
    this.#prng = prng;
    this.#ports = ports;
    this.#captures = captures;
  }

  next(): HostileDialogue {
    const kinds = [
      () => this.#replay(),
      () => this.#replay(),
      () => this.#splice(),
      () => this.#afterPublish(),
      () => this.#afterPublish(),
      () => this.#http(),
      () => this.#http(),
      () => this.#webSocket(),
      () => this.#noise(),
    ];
    return this.#prng.pick(kinds)();
  }

  #dialogue(kind: string, port: number, bytes: Uint8Array): HostileDialogue {
    const prng = this.#prng;
    const pieces: Uint8Array[] = [];
    // At random splits, so that no read holds what a write held.
    for (let at = 0; at < bytes.length;) {
      const length = prng.below(4) === 0 ? 1 + prng.below(64) : 1 + prng.below(64 * 1024);
      pieces.push(bytes.subarray(at, at + length));
      at += length;
      if (pieces.length === 40) {
        pieces.push(bytes.subarray(at));
        break;
      }
    }
    return { kind, port, pieces, reads: prng.below(3) > 0, lingerMs: prng.below(4) === 0 ? prng.below(1500) : 20 };
  }

  #replay(): HostileDialogue {
    const capture = mutate(this.#prng.pick(this.#captures), this.#prng);
    return this.#dialogue("mutated capture", this.#ports.rtmp, capture.subarray(0, 200_000));
  }

  /** The beginning of one client and the end of another. */
  #splice(): HostileDialogue {
    const [one, other] = [this.#prng.pick(this.#captures), this.#prng.pick(this.#captures)];
    const cut = 3073 + this.#prng.below(4000);
    const from = this.#prng.below(other.length);
    const bytes = concatBytes(one.subarray(0, cut), other.subarray(from, from + 100_000));
    return this.#dialogue("spliced captures", this.#ports.rtmp, bytes);
  }

  /** A publisher that is let in, and then says anything. */
  #afterPublish(): HostileDialogue {
    const { rtmp } = this.#ports;
    const handshake = new Uint8Array(1 + 1536 + 1536);
    handshake[0] = 3;
    const parts = [
      handshake,
      encodeMessage(setChunkSize(CHUNK), 128),
      this.#command(0, "connect", { app: "live", tcUrl: `rtmp://127.0.0.1:${rtmp}/live` }),
      this.#command(0, "createStream", null),
      this.#command(1, "publish", null, `hostile${this.#streams++ % 50}`, "live"),
    ];
    for (let left = 1 + this.#prng.below(30); left > 0; left--) parts.push(this.#anyMessage());
    return this.#dialogue("hostile publisher", rtmp, concatBytes(...parts));
  }

  #command(msid: number, name: string, ...values: AmfValue[]): Uint8Array {
    return encodeMessage(encodeCommand({ csid: 3, msid }, name, 1, ...values), CHUNK);
  }

  #anyMessage(): Uint8Array {
    const prng = this.#prng;
    if (prng.below(3) === 0) {
      return this.#command(prng.below(3), prng.pick([...names, ...moreNames]), null, this.#value(4));
    }
    const typeId = prng.pick(messageTypes);
    const payload = typeId === MessageType.Data
      ? encodeAmf0("onMetaData", this.#value(4))
      : prng.bytes(prng.below(600));
    const message = { csid: 3 + prng.below(60), msid: prng.below(3), timestampMs: prng.next(), typeId, payload };
    const bytes = encodeMessage(message, CHUNK);
    return prng.below(4) === 0 ? mutate(bytes, prng) : bytes;
  }

  #value(depth: number): AmfValue {
    const prng = this.#prng;
    switch (prng.below(depth > 0 ? 6 : 4)) {
      case 0:
        return prng.next();
      case 1:
        return String.fromCharCode(...prng.bytes(prng.below(80)));
      case 2:
        return prng.below(2) === 0;
      case 3:
        return null;
      case 4:
        return Array.from({ length: prng.below(6) }, () => this.#value(depth - 1));
      default:
        return Object.fromEntries(
          Array.from(
            { length: prng.below(8) },
            (_, i) => [prng.pick(["__proto__", "width", `k${i}`, ""]), this.#value(depth - 1)],
          ),
        );
    }
  }

  #http(): HostileDialogue {
    const prng = this.#prng;
    const method = prng.pick(["GET", "GET", "POST", "DELETE", "PUT", "OPTIONS", "HEAD", "CONNECT", "TRACE", "PRI"]);
    const headers = ["Host: 127.0.0.1", "Content-Length: 5", "Transfer-Encoding: chunked", "Range: bytes=0-,5-"];
    const lines = Array.from({ length: prng.below(6) }, () => prng.pick(headers));
    const request = encodeUtf8(
      `${method} ${prng.pick(paths)} HTTP/1.${prng.below(3)}\r\n${lines.join("\r\n")}\r\n\r\n`,
    );
    const requests = Array.from(
      { length: 1 + prng.below(10) },
      () => prng.below(2) === 0 ? mutate(request, prng) : request,
    );
    return this.#dialogue("HTTP", prng.below(2) === 0 ? this.#ports.api : this.#ports.web, concatBytes(...requests));
  }

  #webSocket(): HostileDialogue {
    const upgrade = encodeUtf8(
      "GET /live/healthy.flv HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    );
    const bytes = concatBytes(upgrade, this.#prng.bytes(this.#prng.below(4000)));
    return this.#dialogue("WebSocket", this.#ports.web, bytes);
  }

  #noise(): HostileDialogue {
    const { rtmp, api, web } = this.#ports;
    return this.#dialogue("noise", this.#prng.pick([rtmp, api, web]), this.#prng.bytes(this.#prng.below(5000)));
  }
}
