import type { PublishType } from "../rtmp/server_session.ts";
import type { StreamUrl } from "../rtmp/url.ts";
import { RateMeter } from "../stream/stats.ts";
import { randomId } from "./identity.ts";

/** What a client does, in the words of SRS's API. */
export type ClientType = "rtmp-play" | PublishType;

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

/** Counters of a stream or vhost; what closed connections moved stays counted. */
export class TrafficEntry {
  readonly id = `vid-${randomId(7)}`;
  readonly recv = new RateMeter();
  readonly send = new RateMeter();
  closedBytesIn = 0;
  closedBytesOut = 0;
}

/** Who is connected and what moved: the book that the API reads. SRS's `SrsStatistic`. */
export class ClientRegistry {
  readonly #clients = new Map<string, ClientEntry>();
  readonly #streams = new Map<string, TrafficEntry>();
  readonly #vhosts = new Map<string, TrafficEntry>();
  /** All clients since start. */
  totalClients = 0;
  /** Connections refused or ended by an error since start. */
  totalErrors = 0;

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

  /** Streams with their counters, by key. */
  streams(): ReadonlyMap<string, TrafficEntry> {
    return this.#streams;
  }

  /** Vhosts that ever had a client, by name. */
  vhosts(): ReadonlyMap<string, TrafficEntry> {
    return this.#vhosts;
  }

  /** The counters of a stream, from now on shown by the API. */
  stream(key: string): TrafficEntry {
    return entryOf(this.#streams, key);
  }

  add(client: ClientEntry): void {
    this.#clients.set(client.id, client);
    this.totalClients++;
    entryOf(this.#streams, client.url.key);
    entryOf(this.#vhosts, client.url.vhost);
  }

  remove(client: ClientEntry): void {
    if (this.#clients.get(client.id) !== client) return;
    this.#clients.delete(client.id);
    for (const entry of [this.#streams.get(client.url.key), this.#vhosts.get(client.url.vhost)]) {
      if (entry === undefined) continue;
      entry.closedBytesIn += client.bytesIn();
      entry.closedBytesOut += client.bytesOut();
    }
  }

  /** Forgets a stream that has neither publisher nor players. */
  forgetStream(key: string): void {
    this.#streams.delete(key);
  }

  /** Takes the samples that rates over 30 seconds are made of; called now and then. */
  sample(nowMs: number): void {
    const streamTotals = new Map<string, Totals>();
    const vhostTotals = new Map<string, Totals>();
    for (const client of this.#clients.values()) {
      client.recv.sample(nowMs, client.bytesIn());
      client.send.sample(nowMs, client.bytesOut());
      addTo(streamTotals, client.url.key, client);
      addTo(vhostTotals, client.url.vhost, client);
    }
    sampleAll(this.#streams, streamTotals, nowMs);
    sampleAll(this.#vhosts, vhostTotals, nowMs);
  }

  /** Bytes in and out of the clients that `matches` and of the closed ones in `entry`. */
  totals(entry: TrafficEntry, matches: (client: ClientEntry) => boolean): Totals {
    const sum = { bytesIn: entry.closedBytesIn, bytesOut: entry.closedBytesOut, clients: 0 };
    for (const client of this.#clients.values()) {
      if (!matches(client)) continue;
      sum.bytesIn += client.bytesIn();
      sum.bytesOut += client.bytesOut();
      sum.clients++;
    }
    return sum;
  }
}

/** Bytes moved by, and number of, some clients. */
export interface Totals {
  bytesIn: number;
  bytesOut: number;
  clients: number;
}

function entryOf(map: Map<string, TrafficEntry>, key: string): TrafficEntry {
  const found = map.get(key);
  if (found !== undefined) return found;
  const entry = new TrafficEntry();
  map.set(key, entry);
  return entry;
}

function addTo(map: Map<string, Totals>, key: string, client: ClientEntry): void {
  const sum = map.get(key) ?? { bytesIn: 0, bytesOut: 0, clients: 0 };
  sum.bytesIn += client.bytesIn();
  sum.bytesOut += client.bytesOut();
  sum.clients++;
  map.set(key, sum);
}

function sampleAll(entries: Map<string, TrafficEntry>, totals: Map<string, Totals>, nowMs: number): void {
  for (const [key, entry] of entries) {
    const sum = totals.get(key);
    entry.recv.sample(nowMs, entry.closedBytesIn + (sum?.bytesIn ?? 0));
    entry.send.sample(nowMs, entry.closedBytesOut + (sum?.bytesOut ?? 0));
  }
}
