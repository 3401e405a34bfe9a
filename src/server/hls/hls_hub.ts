import { every, type TimerHandle } from "../../base/clock.ts";
import { defaultVhostName, VhostHandle } from "../../config/mod.ts";
import type { LiveSource } from "../../stream/live_source.ts";
import type { MediaPacket } from "../../stream/packet.ts";
import type { PacketTap } from "../../stream/tap.ts";
import type { StreamDirectory } from "../../cluster/directory.ts";
import type { SegmentOffer } from "../../stream/segment_offer.ts";
import { holderPlace, type SegmentPlace } from "../../upstream/segment_place.ts";
import type { ServerContext } from "../context.ts";
import type { HlsFeedRequest } from "./hls_feed.ts";
import type { HlsSessionServer } from "./hls_session.ts";
import { HlsSessionBook } from "./hls_session_book.ts";
import { SegmentFiles } from "./segment_files.ts";
import type { IssuedTicket, SegmentTickets } from "./segment_tickets.ts";
import { type HlsObserver, HlsStream, type HlsStreamServer } from "./hls_stream.ts";
import { namesOf, tellSegment, type TellServer } from "./tell_segment.ts";

/** Who has HLS. */
export interface HlsHolder {
  readonly hls: Pick<HlsHub, "sessions" | "find" | "open" | "settle">;
  readonly segmentTickets: Pick<SegmentTickets, "opens">;
}

/** What HLS takes of a server. */
export type HlsServer =
  & HlsStreamServer
  & HlsSessionServer
  & TellServer
  & Pick<ServerContext, "sources" | "config" | "registry" | "world" | "segmentTickets">
  & { readonly directory: Pick<StreamDirectory, "segmentHolders"> };

const TICK_MS = 1000;
/** An engine tells of a takeover as soon as it is reached again, unasked; coworkers are asked. */
const ENGINE_MS = 500;
/** Streams that are kept as segments. */
const MAX_STREAMS = 5000;
/** All segments of the process together: beyond it, no further stream is begun, and what has least use ends. */
const MAX_TOTAL_BYTES = 2_000_000_000;

/** The HLS of a server: the segments of its streams, and the sessions of those who watch them. */
export class HlsHub {
  readonly sessions: HlsSessionBook;
  /** Of all segments. */
  maxBytes = MAX_TOTAL_BYTES;
  readonly #server: HlsServer;
  readonly #streams = new Map<string, HlsStream>();
  /** Those that coworkers were given, which have no play here. */
  readonly #tickets = new WeakMap<HlsStream, IssuedTicket>();
  readonly #taps = new WeakMap<LiveSource, Disposable>();
  /** Those that write, or have to delete what they wrote. */
  readonly #files = new Set<HlsObserver>();
  #observing: Disposable | null = null;
  #timer: TimerHandle | null = null;
  #isFullSaid = false;
  #holds = 0;
  /** Called before each packet that is to be cut. */
  beforePacket = () => {};

  constructor(server: HlsServer) {
    this.#server = server;
    this.sessions = new HlsSessionBook(server);
  }

  /** Begins to cut what is published. */
  start(): void {
    this.#observing ??= this.#server.sources.observe((source) => this.#watch(source));
  }

  /** A stream whose segments are here. */
  find(key: string): HlsStream | undefined {
    return this.#streams.get(key);
  }

  get streamCount(): number {
    return this.#streams.size;
  }

  /** Bytes of all segments. */
  get bytes(): number {
    let sum = 0;
    for (const { bytes } of this.#streams.values()) sum += bytes;
    return sum;
  }

  /** The stream that a viewer asks for, which is fed from now on; null if there is no room for one more. */
  open(request: HlsFeedRequest): HlsStream | null {
    const stream = this.#findOrCreate(request.url.key, request.vhost);
    if (stream === null) return null;
    const wasWanted = stream.isWanted;
    stream.ask(request);
    const source = this.#server.sources.find(request.url.key);
    // One that is pulled for others was not read so far: from its newest GOP on.
    if (source !== undefined && !wasWanted && !stream.isPublished) this.#tapAgain(source);
    return stream;
  }

  /** Where a coworker finds segments of a stream that are here; null if there are none. */
  offerSegments(key: string): SegmentOffer | null {
    const { config: { httpServer }, segmentTickets } = this.#server;
    const stream = this.#streams.get(key);
    if (!httpServer.enabled || stream === undefined || stream.bytes === 0 || !stream.marks.areShared) return null;
    const ticket = this.#tickets.get(stream) ?? segmentTickets.issue(key);
    this.#tickets.set(stream, ticket);
    return { ticket: ticket.text, port: httpServer.listen.port };
  }

  /** Somebody waits for a stream no longer. Anybody can make names up: one that was never there goes at once. */
  settle(stream: HlsStream): void {
    stream.touch();
    if (stream.view === null && this.#streams.get(stream.key) === stream) this.#endIfOver(stream);
  }

  /**
   * This server stood still: others may have taken over what is published here.
   *
   * @param checked Settles when coworkers have told; never rejects.
   */
  hold(checked: Promise<void>): void {
    this.#holds++;
    for (const stream of this.#streams.values()) stream.hold();
    void checked.then(() => this.#server.timers.after(ENGINE_MS, () => this.#release()));
  }

  #release(): void {
    if (--this.#holds > 0) return;
    for (const stream of this.#streams.values()) stream.release();
  }

  /** Ends everything; settles when the files are as they are to stay. */
  async stop(): Promise<void> {
    this.#observing?.[Symbol.dispose]();
    this.#observing = null;
    this.#timer?.cancel();
    this.#timer = null;
    this.sessions[Symbol.dispose]();
    for (const stream of this.#streams.values()) stream[Symbol.dispose]();
    this.#streams.clear();
    await Promise.all(Array.from(this.#files, ({ settled }) => settled));
    this.#files.clear();
  }

  #watch(source: LiveSource): void {
    if (!this.#taps.has(source) && this.#vhostOf(source.key)?.now.hls.enabled) this.#tapAgain(source);
  }

  #tapAgain(source: LiveSource): void {
    this.#taps.get(source)?.[Symbol.dispose]();
    const tap = new SourceTap(source, (source) => this.#streamOf(source), () => this.beforePacket());
    this.#taps.set(source, source.tap(tap));
    tap.isFilled = true;
  }

  /** The stream that a publish is cut for; null where nobody wants it. */
  #streamOf(source: LiveSource): HlsStream | null {
    const { key, fedBy } = source;
    const known = this.#streams.get(key);
    const vhost = known?.vhost ?? this.#vhostOf(key);
    if (vhost === undefined || !vhost.now.hls.enabled) return null;
    // What an edge hands on has the times of the origin that takes it: viewers here get what comes back from there.
    if (fedBy === "client" && vhost.now.cluster.mode === "remote") return null;
    const stream = fedBy === "client" ? this.#findOrCreate(key, vhost) : known?.isWanted ? known : null;
    stream?.follow(source);
    return stream;
  }

  #findOrCreate(key: string, vhost: VhostHandle): HlsStream | null {
    const known = this.#streams.get(key);
    if (known !== undefined) return known;
    if (this.#streams.size >= MAX_STREAMS || this.bytes >= this.maxBytes) {
      if (!this.#isFullSaid) {
        this.#server.log.warn(`HLS has no room for ${key}: ${this.#streams.size} streams, ${this.bytes} bytes`);
      }
      this.#isFullSaid = true;
      return null;
    }
    const stream = new HlsStream(this.#server, key, vhost);
    stream.onSource = (source) => this.#tapAgain(source);
    stream.onDisconnect = () => this.#server.registry.streams().get(key)?.publisher?.kick();
    stream.findHolder = () => this.#findHolder(stream);
    this.#write(stream);
    this.#streams.set(key, stream);
    this.#timer ??= every(this.#server.timers, TICK_MS, () => this.#tick());
    return stream;
  }

  async #findHolder({ key, vhost }: HlsStream): Promise<SegmentPlace | null> {
    const { directory } = this.#server;
    if (!directory.covers(vhost)) return null;
    const names = { ...namesOf(key, vhost.name), key, host: "" };
    const [holder] = await directory.segmentHolders({ vhost, url: names });
    return holder === undefined ? null : holderPlace(holder, names, vhost.name);
  }

  /** Where `hls_path` is set, files are written, too. */
  #write(stream: HlsStream): void {
    const { world, log, config } = this.#server;
    const { key, vhost } = stream;
    const rows = vhost.now.hls;
    if (rows.path === "") return;
    const server = { files: world.files, log, utc: config.utcTime };
    const files = new SegmentFiles(server, stream, namesOf(key, vhost.name), rows);
    files.onWritten = (written) => tellSegment(this.#server, vhost, key, written);
    stream.observer = files;
    this.#files.add(files);
  }

  #vhostOf(key: string): VhostHandle | undefined {
    const name = key.slice(0, key.indexOf("/")) || defaultVhostName;
    const vhost = this.#server.config.vhosts.find((vhost) => vhost.name === name);
    return vhost === undefined ? undefined : new VhostHandle(this.#server, vhost);
  }

  #tick(): void {
    for (const stream of [...this.#streams.values()]) this.#endIfOver(stream);
    this.#makeRoom();
    if (this.bytes < this.maxBytes) this.#isFullSaid = false;
    if (this.#streams.size > 0) return;
    this.#timer?.cancel();
    this.#timer = null;
  }

  /** Streams grow while they are cut. What is of least use goes first: without publisher, without viewers, the largest. */
  #makeRoom(): void {
    if (this.bytes <= this.maxBytes) return;
    const use = (stream: HlsStream) => (stream.isPublished ? 2 : 0) + (stream.isWanted ? 1 : 0);
    const order = [...this.#streams.values()].sort((a, b) => use(a) - use(b) || b.bytes - a.bytes);
    for (const stream of order) {
      if (this.bytes <= this.maxBytes) return;
      this.#server.log.error(
        `HLS of ${stream.key} ends: the segments of all streams take more than ${this.maxBytes} bytes`,
      );
      this.#end(stream);
    }
  }

  #endIfOver(stream: HlsStream): void {
    if (stream.tick(this.#server.timers.nowMs())) this.#end(stream);
  }

  #end(stream: HlsStream): void {
    const files = stream.observer;
    this.#tickets.get(stream)?.[Symbol.dispose]();
    stream[Symbol.dispose]();
    this.#streams.delete(stream.key);
    if (files !== null) files.settled.then(() => this.#files.delete(files));
  }
}

/** Hands what one source publishes to the stream that is cut from it, if there is one. */
class SourceTap implements PacketTap {
  readonly #source: LiveSource;
  readonly #streamOf: (source: LiveSource) => HlsStream | null;
  readonly #beforePacket: () => void;
  #stream: HlsStream | null = null;
  /** What was there already has come: a publish that begins now is here from its start. */
  isFilled = false;

  constructor(
    source: LiveSource,
    streamOf: (source: LiveSource) => HlsStream | null,
    beforePacket: () => void,
  ) {
    this.#source = source;
    this.#streamOf = streamOf;
    this.#beforePacket = beforePacket;
  }

  onPublish(): void {
    this.#stream = this.#streamOf(this.#source);
    this.#stream?.onPublish(this.isFilled && this.#source.fedBy === "client");
  }

  onPacket(packet: MediaPacket, ownerMs: number): void {
    if (this.#stream === null) return;
    this.#beforePacket();
    this.#stream?.onPacket(packet, ownerMs);
  }

  onResume(): void {
    this.#stream?.onResume();
  }

  onUnpublish(): void {
    this.#stream?.onUnpublish();
    this.#stream = null;
  }
}
