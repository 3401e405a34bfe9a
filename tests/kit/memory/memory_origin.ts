import { encodeMessage } from "../../../src/rtmp/chunk_writer.ts";
import { MessageType } from "../../../src/rtmp/message.ts";
import { RtmpServerSession, type SessionRequest } from "../../../src/rtmp/server_session.ts";
import { TcpConn } from "../../../src/net/tcp_conn.ts";
import type { MediaPacket } from "../../../src/stream/packet.ts";
import { acceptAll, openReply } from "../peers/peers.ts";
import { labelAt } from "../media/packets.ts";
import type { MemoryNetwork } from "./memory_network.ts";

const typeIds = { audio: MessageType.Audio, video: MessageType.Video, script: MessageType.Data } as const;

/** One client of a {@link MemoryOrigin}. */
export interface OriginClient {
  readonly session: RtmpServerSession;
  readonly conn: TcpConn;
  plays: boolean;
}

/** What an origin does with a request, once it is accepted; by default nothing. */
export type OnAsked = (client: OriginClient, request: SessionRequest) => void;

/** An RTMP server on a network in memory. It takes every play and publish, unless told otherwise. */
export class MemoryOrigin implements Disposable {
  readonly clients = new Set<OriginClient>();
  /** Labels of what publishers sent, with times. */
  readonly received: string[] = [];
  unpublishes = 0;
  /** Requests that it leaves without an answer. */
  ignores: (request: SessionRequest) => boolean = () => false;
  readonly #onAsked: OnAsked;
  #onIgnored: OnAsked = () => {};
  readonly #random: (count: number) => Uint8Array<ArrayBuffer>;
  readonly #listener: Disposable;

  constructor(network: MemoryNetwork, readonly address: string, onAsked: OnAsked = () => {}) {
    this.#onAsked = onAsked;
    this.#random = (count) => network.host(address).randomBytes(count);
    this.#listener = serveAt(network, address, (conn) => this.#serve(conn));
  }

  /** What it does with requests that it {@link ignores}, instead of accepting them. */
  onIgnored(onIgnored: OnAsked): void {
    this.#onIgnored = onIgnored;
  }

  /** Sends packets to all who play. */
  send(...packets: MediaPacket[]): void {
    for (const client of this.clients) if (client.plays) this.sendTo(client, ...packets);
  }

  sendTo({ conn }: OriginClient, ...packets: MediaPacket[]): void {
    for (const { kind, timestampMs, payload } of packets) {
      const message = { csid: 6, typeId: typeIds[kind], msid: 1, timestampMs, payload };
      write(conn, encodeMessage(message, openReply.chunkSizeBytes));
    }
  }

  /** Says something to a client in RTMP. */
  tell({ session, conn }: OriginClient, say: (session: RtmpServerSession) => void): void {
    say(session);
    flush(session, conn);
  }

  [Symbol.dispose](): void {
    this.#listener[Symbol.dispose]();
  }

  async #serve(conn: TcpConn): Promise<void> {
    const onRequest = (request: SessionRequest) => {
      if (this.ignores(request)) return this.#onIgnored(client, request);
      acceptAll(request, session);
      if (request.kind === "play") client.plays = true;
      this.#onAsked(client, request);
    };
    const session: RtmpServerSession = new RtmpServerSession({
      onRequest,
      onEvent: ({ kind }) => void (kind === "unpublish" && this.unpublishes++),
      onMedia: (message) => this.received.push(labelAt(message)),
    }, { random: this.#random, nowMs: 0 });
    const client: OriginClient = { session, conn, plays: false };
    this.clients.add(client);
    await conn.readLoop((view) => {
      session.receive(view);
      flush(session, conn);
    }, { bufferBytes: 65536 });
    this.clients.delete(client);
    conn.close();
  }
}

/**
 * A server at `ip:port`; disposing it takes it away, with its connections.
 */
export function serveAt(network: MemoryNetwork, address: string, serve: (conn: TcpConn) => void): Disposable {
  const [ip = "", port] = address.split(":");
  const host = network.host(ip);
  const listener = host.listen({ host: ip, port: Number(port) });
  const acceptAll = async () => {
    while (true) serve(new TcpConn(await listener.accept(), host));
  };
  acceptAll().catch(() => {});
  return { [Symbol.dispose]: () => network.cutOff(host) };
}

function flush(session: RtmpServerSession, conn: TcpConn): void {
  for (let out = session.takeOutput(); out !== null; out = session.takeOutput()) write(conn, out);
}

function write(conn: TcpConn, bytes: Uint8Array): void {
  // The client may have left.
  conn.write(bytes).catch(() => {});
}
