import { TcpConn } from "../../../src/net/tcp_conn.ts";
import { WritePump } from "../../../src/net/write_pump.ts";
import { encodeMessage } from "../../../src/rtmp/chunk_writer.ts";
import { MessageType, type RtmpMessage } from "../../../src/rtmp/message.ts";
import { RtmpServerSession, type SessionRequest } from "../../../src/rtmp/server_session.ts";
import { timestampAdd, timestampDiff } from "../../../src/rtmp/timestamp.ts";
import type { MemoryHost } from "../../kit/memory/memory_host.ts";
import type { MemorySocket } from "../../kit/memory/memory_socket.ts";
import { openReply } from "../../kit/peers/peers.ts";

/** What waits for a client that reads slowly; with more than this it has lost. */
const MAX_WAITING = 5000;
/** From the last time of a publisher to the first of the next one: more than sound may be behind the picture. */
const GAP_MS = 100;

/** One stream, as SRS keeps it: while nobody publishes it, players wait. */
class SrsStream {
  publisher: SrsConn | null = null;
  readonly players = new Set<SrsConn>();
  metadata: RtmpMessage | null = null;
  readonly headers = new Map<number, RtmpMessage>();
  gop: RtmpMessage[] = [];
  /** Added to times, so that players of the publisher before see none that goes back. */
  #offsetMs = 0;
  #lastMs: number | null = null;
  #isNew = false;

  begin(publisher: SrsConn): void {
    this.publisher = publisher;
    this.#isNew = true;
  }

  take(given: RtmpMessage): void {
    const { typeId, payload } = given;
    const message = typeId === MessageType.Data ? given : { ...given, timestampMs: this.#timeOf(given) };
    if (typeId === MessageType.Data) this.metadata = message;
    else if (payload[1] === 0) this.headers.set(typeId, message);
    else {
      if (typeId === MessageType.Video && payload[0] === 0x17) this.gop = [];
      if (this.gop.length > 0 || typeId === MessageType.Video) this.gop.push(message);
    }
    for (const player of this.players) player.send(message);
  }

  #timeOf({ timestampMs }: RtmpMessage): number {
    if (this.#isNew && this.#lastMs !== null) {
      this.#offsetMs = timestampDiff(timestampAdd(this.#lastMs, GAP_MS), timestampMs);
    }
    this.#isNew = false;
    return this.#lastMs = timestampAdd(timestampMs, this.#offsetMs);
  }

  add(player: SrsConn): void {
    this.players.add(player);
    for (const message of [this.metadata, ...this.headers.values(), ...this.gop]) {
      if (message !== null) player.send(message);
    }
  }
}

/** The RTMP of an SRS: takes publishers, one a stream, and sends all what the newest GOP has, and what comes. */
export class SrsMedia {
  readonly #host: MemoryHost;
  readonly #streams = new Map<string, SrsStream>();

  constructor(host: MemoryHost) {
    this.#host = host;
  }

  /** Somebody publishes it here. */
  has(stream: string): boolean {
    return (this.#streams.get(stream)?.publisher ?? null) !== null;
  }

  serve(socket: MemorySocket): void {
    const conn = new SrsConn(socket, this.#host, (request) => this.#onRequest(conn, request));
    void conn.run().then(() => this.#onEnd(conn));
  }

  #onRequest(conn: SrsConn, request: SessionRequest): void {
    if (request.kind === "connect") return conn.session.acceptConnect(request.id, openReply);
    const name = request.url.stream;
    const stream = this.#streams.get(name) ?? new SrsStream();
    this.#streams.set(name, stream);
    if (request.kind === "publish" && stream.publisher !== null) {
      return conn.session.reject(request.id, "publishBadName", "StreamBusy");
    }
    conn.session.accept(request.id);
    conn.stream = stream;
    if (request.kind === "play") stream.add(conn);
    else stream.begin(conn);
  }

  #onEnd(conn: SrsConn): void {
    conn.stream?.players.delete(conn);
    if (conn.stream?.publisher === conn) conn.stream.publisher = null;
  }
}

class SrsConn {
  readonly session: RtmpServerSession;
  readonly #tcp: TcpConn;
  readonly #pump: WritePump;
  #waiting: Uint8Array[] = [];
  stream: SrsStream | null = null;

  constructor(socket: MemorySocket, host: MemoryHost, onRequest: (request: SessionRequest) => void) {
    this.#tcp = new TcpConn(socket, host);
    this.#pump = new WritePump(this.#tcp, { next: () => this.#waiting.shift() ?? null, onWriteError: () => {} });
    this.session = new RtmpServerSession({
      onRequest,
      onEvent: ({ kind }) => {
        if (kind === "unpublish") this.#tcp.close();
      },
      onMedia: (message) => this.stream?.take({ ...message, payload: message.payload.slice() }),
    }, { random: (count) => host.randomBytes(count), nowMs: host.nowMs() });
  }

  send({ typeId, timestampMs, payload }: RtmpMessage): void {
    if (this.#waiting.length > MAX_WAITING) return this.#tcp.close();
    const message = { csid: 6, typeId, msid: 1, timestampMs, payload };
    this.#waiting.push(encodeMessage(message, openReply.chunkSizeBytes));
    this.#pump.wake();
  }

  async run(): Promise<void> {
    try {
      await this.#tcp.readLoop((view) => {
        this.session.receive(view);
        for (let out = this.session.takeOutput(); out !== null; out = this.session.takeOutput()) {
          this.#waiting.push(out);
        }
        this.#pump.wake();
      }, { bufferBytes: 65536 });
    } catch {
      // It speaks no RTMP.
    }
    this.#pump.stop();
    this.#tcp.close();
    this.session.close();
  }
}
