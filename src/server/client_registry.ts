import type { PublishType } from "../rtmp/server_session.ts";
import type { StreamUrl } from "../rtmp/url.ts";
import { RateMeter } from "../stream/stats.ts";
import type { CloseReason } from "./close_reason.ts";
import { FirstFrames } from "./play/first_frames.ts";
import type { PeerServer } from "./play/peer_server.ts";
import { SessionEnds } from "./session_ends.ts";

/** What a client does, in the words of SRS's API. */
export type ClientType = "rtmp-play" | "flv-play" | "hls-play" | PublishType;

/** True for those that play, false for those that publish. */
export function isPlayer(type: ClientType): boolean {
  return type.endsWith("-play");
}

/** One publisher or player, as the API shows it. */
export interface ClientEntry {
  /** Also the connection id of log lines. */
  readonly id: string;
  readonly type: ClientType;
  readonly url: StreamUrl;
  readonly tcUrl: string;
  readonly pageUrl: string;
  readonly swfUrl: string;
  readonly ip: string;
  /** Null for people and encoders; what says nothing of itself counts as one of them. */
  readonly server: PeerServer | null;
  readonly sinceMs: number;
  readonly recv: RateMeter;
  readonly send: RateMeter;
  bytesIn(): number;
  bytesOut(): number;
  /** Packets left out because the client was too slow. */
  dropped(): number;
  /** Ends the connection. */
  kick(): void;
}

/** The connection of a client, as far as its entry speaks of it. */
export interface ClientConn {
  readonly id: string;
  readonly remoteIp: string;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Closes at once; `detail` goes to the log. */
  close(reason: CloseReason, detail: string): void;
}

/** What a client has asked for, and when. */
type ClientAsked = Pick<ClientEntry, "type" | "url" | "tcUrl" | "pageUrl" | "swfUrl" | "server" | "sinceMs">;

/** The entry of a client that publishes or plays from now on. */
export function clientEntry(conn: ClientConn, asked: ClientAsked, dropped: () => number = () => 0): ClientEntry {
  return {
    ...asked,
    id: conn.id,
    ip: conn.remoteIp,
    recv: new RateMeter(),
    send: new RateMeter(),
    bytesIn: () => conn.bytesIn,
    bytesOut: () => conn.bytesOut,
    dropped,
    kick: () => conn.close("kicked", "by the HTTP API"),
  };
}

/** Counters of a stream or vhost; what closed connections moved stays counted. */
export class TrafficEntry {
  readonly id: string;
  readonly recv = new RateMeter();
  readonly send = new RateMeter();
  closedBytesIn = 0;
  closedBytesOut = 0;

  constructor(id: string) {
    this.id = id;
  }
}

/** A stream that has clients. */
export class StreamEntry extends TrafficEntry {
  /** As the client named it that came first, or the publisher. */
  url: StreamUrl;
  tcUrl: string;
  /** When the first of its clients came. */
  readonly sinceMs: number;
  publisher: ClientEntry | null = null;
  clientCount = 0;
  /** What its pull had brought before the entry came to be. */
  readonly upstreamBytesBefore: number;

  constructor({ url, tcUrl, sinceMs }: ClientEntry, upstreamBytesBefore: number, id: string) {
    super(id);
    this.url = url;
    this.tcUrl = tcUrl;
    this.sinceMs = sinceMs;
    this.upstreamBytesBefore = upstreamBytesBefore;
  }
}

/** Bytes moved by, and number of, the clients of a stream or vhost. */
export interface Totals {
  bytesIn: number;
  bytesOut: number;
  /** All of them, as SRS counts. */
  clients: number;
  /** Players that are people. */
  viewers: number;
  /** Players that are servers: edges, and origins that relay. */
  downstream: number;
}

/** Of what nobody has used. */
export const noTotals: Totals = { bytesIn: 0, bytesOut: 0, clients: 0, viewers: 0, downstream: 0 };

/** Who is connected and what moved: the book that the API reads. SRS's `SrsStatistic`. */
export class ClientRegistry {
  readonly #newId: () => string;
  readonly #upstreamBytes: (url: StreamUrl) => number;
  readonly #clients = new Map<string, ClientEntry>();
  readonly #streams = new Map<string, StreamEntry>();
  readonly #vhosts = new Map<string, TrafficEntry>();
  /** Ids of streams that somebody counts on, by stream. */
  readonly #heldIds = new Map<string, { readonly id: string; holders: number }>();
  /** Told of each client that comes; null while nobody wants to know. */
  onAdded: ((client: ClientEntry) => void) | null = null;
  /** Told of each publisher that comes or leaves; null while nobody wants to know. */
  onPublisher: ((client: ClientEntry, isThere: boolean) => void) | null = null;
  /** Another number after each client that came or left. */
  version = 0;
  /** Players of this moment that are people. */
  viewerCount = 0;
  /** Players of this moment that are servers. */
  downstreamCount = 0;
  /** All clients since start. */
  totalClients = 0;
  /** Connections refused or ended by an error since start. */
  totalErrors = 0;
  /** Why those ended that are over. */
  readonly ends = new SessionEnds();
  /** How long players waited. */
  readonly firstFrames = new FirstFrames();

  /**
   * @param newId Makes the ids of streams and vhosts.
   * @param upstreamBytes What a stream's pull from another server has brought; 0 where a client publishes it.
   */
  constructor(newId: () => string, upstreamBytes: (url: StreamUrl) => number = () => 0) {
    this.#newId = newId;
    this.#upstreamBytes = upstreamBytes;
  }

  /** Publishers and players of this moment. */
  clients(): Iterable<ClientEntry> {
    return this.#clients.values();
  }

  client(id: string): ClientEntry | undefined {
    return this.#clients.get(id);
  }

  get clientCount(): number {
    return this.#clients.size;
  }

  /** Streams that have clients, by key. */
  streams(): ReadonlyMap<string, StreamEntry> {
    return this.#streams;
  }

  /** Vhosts that ever had a client, by name. */
  vhosts(): ReadonlyMap<string, TrafficEntry> {
    return this.#vhosts;
  }

  /**
   * The id of a stream, which may have no client yet: hooks are told it before a client is let in. It stays the same
   * until it is released, once.
   */
  holdStreamId(key: string): { readonly id: string; release(): void } {
    const held = this.#heldIds.get(key) ?? { id: this.#streams.get(key)?.id ?? this.#newId(), holders: 0 };
    this.#heldIds.set(key, held);
    held.holders++;
    const release = () => {
      if (--held.holders === 0) this.#heldIds.delete(key);
    };
    return { id: held.id, release };
  }

  add(client: ClientEntry): void {
    const { key, vhost } = client.url;
    this.#clients.set(client.id, client);
    this.version++;
    this.totalClients++;
    this.#countPlayer(client, 1);
    if (!this.#vhosts.has(vhost)) this.#vhosts.set(vhost, new TrafficEntry(this.#newId()));
    const stream = this.#streams.get(key) ??
      new StreamEntry(client, this.#upstreamBytes(client.url), this.#heldIds.get(key)?.id ?? this.#newId());
    this.#streams.set(key, stream);
    stream.clientCount++;
    this.onAdded?.(client);
    if (isPlayer(client.type)) return;
    stream.publisher = client;
    stream.url = client.url;
    stream.tcUrl = client.tcUrl;
    this.onPublisher?.(client, true);
  }

  /** Forgets a client, and with its last client a stream: names that peers choose must not pile up. */
  remove(client: ClientEntry): void {
    if (this.#clients.get(client.id) !== client) return;
    this.#clients.delete(client.id);
    this.version++;
    this.#countPlayer(client, -1);
    if (!isPlayer(client.type)) this.onPublisher?.(client, false);
    const { key, vhost } = client.url;
    const stream = this.#streams.get(key);
    for (const entry of [stream, this.#vhosts.get(vhost)]) {
      if (entry === undefined) continue;
      entry.closedBytesIn += client.bytesIn();
      entry.closedBytesOut += client.bytesOut();
    }
    if (stream === undefined) return;
    if (stream.publisher === client) stream.publisher = null;
    if (--stream.clientCount > 0) return;
    this.#streams.delete(key);
    const entry = this.#vhosts.get(vhost);
    if (entry !== undefined) entry.closedBytesIn += this.#pulledBytes(stream);
  }

  /** Takes the samples that rates over 30 seconds are made of; called now and then. */
  sample(nowMs: number): void {
    for (const client of this.#clients.values()) {
      client.recv.sample(nowMs, client.bytesIn());
      client.send.sample(nowMs, client.bytesOut());
    }
    for (const [entry, sum] of this.totals()) {
      entry.recv.sample(nowMs, sum.bytesIn);
      entry.send.sample(nowMs, sum.bytesOut);
    }
  }

  /** What each stream and each vhost has moved so far, counted in one pass over the clients. */
  totals(): Map<TrafficEntry, Totals> {
    const sums = new Map<TrafficEntry, Totals>();
    for (const entry of [...this.#streams.values(), ...this.#vhosts.values()]) {
      sums.set(entry, { ...noTotals, bytesIn: entry.closedBytesIn, bytesOut: entry.closedBytesOut });
    }
    const add = ({ key, vhost }: StreamUrl, part: Totals) => {
      addTo(sums.get(this.#streams.get(key)!), part);
      addTo(sums.get(this.#vhosts.get(vhost)!), part);
    };
    for (const client of this.#clients.values()) {
      const part = { ...noTotals, bytesIn: client.bytesIn(), bytesOut: client.bytesOut(), clients: 1 };
      const kind = playerKind(client);
      if (kind !== null) part[kind] = 1;
      add(client.url, part);
    }
    for (const stream of this.#streams.values()) {
      add(stream.url, { ...noTotals, bytesIn: this.#pulledBytes(stream) });
    }
    return sums;
  }

  #countPlayer(client: ClientEntry, by: 1 | -1): void {
    const kind = playerKind(client);
    if (kind === "viewers") this.viewerCount += by;
    else if (kind === "downstream") this.downstreamCount += by;
  }

  #pulledBytes({ url, upstreamBytesBefore }: StreamEntry): number {
    return Math.max(0, this.#upstreamBytes(url) - upstreamBytesBefore);
  }
}

/** As what a player counts; null for a publisher. */
function playerKind({ type, server }: ClientEntry): "viewers" | "downstream" | null {
  if (!isPlayer(type)) return null;
  return server === null ? "viewers" : "downstream";
}

function addTo(sum: Totals | undefined, part: Totals): void {
  if (sum === undefined) return;
  sum.bytesIn += part.bytesIn;
  sum.bytesOut += part.bytesOut;
  sum.clients += part.clients;
  sum.viewers += part.viewers;
  sum.downstream += part.downstream;
}
