import { systemWorld } from "../../../src/net/system_world.ts";
import { TcpConn } from "../../../src/net/tcp_conn.ts";
import { encodeMessage } from "../../../src/rtmp/chunk_writer.ts";
import { MessageType } from "../../../src/rtmp/message.ts";
import { RtmpServerSession, type SessionRequest } from "../../../src/rtmp/server_session.ts";
import { acceptAll, openReply } from "../peers/peers.ts";
import type { key } from "../media/packets.ts";

/** How far an origin goes with its clients. */
export const steps = ["tcp", "handshake", "connect", "createStream", "play", "media"] as const;
export type Step = (typeof steps)[number];

/** What it does there. */
export type Ending = "closes" | "is silent";

/** Options of {@link FakeOrigin}. */
export interface FakeOriginOptions {
  /** The step that it does not take any more; without it, it takes all. */
  stopsAt?: Step;
  ending?: Ending;
  /** What it says about a play, once that is accepted. */
  onPlay?: (session: RtmpServerSession, send: SendPackets) => void;
}

/** Sends packets to the one client that asked, as no origin repeats to another what it sent before. */
export type SendPackets = (...packets: ReturnType<typeof key>[]) => Promise<void>;

/** A server that goes so far with its clients and no further. */
export class FakeOrigin implements Disposable {
  readonly port: number;
  readonly text: string;
  /** Clients that came. */
  accepted = 0;
  /** Clients that are there. */
  readonly #clients = new Set<TcpConn>();
  readonly #options: FakeOriginOptions;
  readonly #listener: Deno.TcpListener;

  constructor(options: FakeOriginOptions = {}) {
    this.#options = options;
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.port = this.#listener.addr.port;
    this.text = `127.0.0.1:${this.port}`;
    this.#accept();
  }

  get clients(): number {
    return this.#clients.size;
  }

  [Symbol.dispose](): void {
    this.#listener.close();
    for (const client of this.#clients) client.close();
  }

  async #accept(): Promise<void> {
    for await (const conn of this.#listener) this.#serve(new TcpConn(conn, systemWorld));
  }

  async #serve(conn: TcpConn): Promise<void> {
    const { stopsAt, ending, onPlay } = this.#options;
    this.accepted++;
    this.#clients.add(conn);
    let stopped = false;
    const stopAt = (step: Step) => {
      if (step !== stopsAt) return false;
      stopped = true;
      if (ending === "closes") conn.close();
      return true;
    };
    const onRequest = (request: SessionRequest) => {
      if (stopAt(request.kind === "play" ? "play" : "connect")) return;
      acceptAll(request, session);
      if (request.kind !== "play") return;
      onPlay?.(session, (...packets) => send(conn, packets));
      stopAt("media");
    };
    const session: RtmpServerSession = new RtmpServerSession({ onRequest, onEvent() {}, onMedia() {} }, {
      random: (count) => crypto.getRandomValues(new Uint8Array(count)),
      nowMs: 0,
    });
    stopAt("tcp");
    try {
      await conn.readLoop(async (view) => {
        if (stopped || stopAt("handshake")) return;
        // What follows the answer to connect asks for a stream.
        if (session.connectInfo !== null && stopAt("createStream")) return;
        session.receive(view);
        for (let out = session.takeOutput(); out !== null && !conn.closed; out = session.takeOutput()) {
          await write(conn, out);
        }
      }, { bufferBytes: 65536 });
    } finally {
      this.#clients.delete(conn);
      conn.close();
    }
  }
}

async function send(conn: TcpConn, packets: readonly ReturnType<typeof key>[]): Promise<void> {
  for (const { kind, timestampMs, payload } of packets) {
    const typeId = kind === "video" ? MessageType.Video : kind === "audio" ? MessageType.Audio : MessageType.Data;
    await write(conn, encodeMessage({ csid: 6, typeId, msid: 1, timestampMs, payload }, openReply.chunkSizeBytes));
  }
}

async function write(conn: TcpConn, bytes: Uint8Array): Promise<void> {
  try {
    for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
  } catch {
    // The client has left.
  }
}
