import type { TimerHandle } from "../../base/clock.ts";
import { type Config, defaultVhostName, findVhost, VhostHandle } from "../../config/mod.ts";
import type { StreamUrl } from "../../rtmp/url.ts";
import type { LiveSource } from "../../stream/live_source.ts";
import type { MediaPacket } from "../../stream/packet.ts";
import type { HeldSubject } from "../hooks/hook_book.ts";
import type { ServerContext } from "../context.ts";
import type { StreamDirectory } from "../../cluster/directory.ts";
import type { RecordingRun } from "./recording_run.ts";
import { RecordingRecovery } from "./recovery.ts";
import { QueueBudget } from "./queue_budget.ts";
import { RecordingBook } from "./recording_book.ts";
import type { RecordingContext } from "./recording_context.ts";
import { StreamRecorder } from "./stream_recorder.ts";

/** What recording takes of a server. */
export type RecordingServer =
  & Pick<ServerContext, "config" | "world" | "log" | "sources" | "registry" | "hooks" | "seenPublishes">
  & { readonly directory: Pick<StreamDirectory, "segmentHolders"> };

/** How long files may take to be finished when the server stops; what is not is finished at its next start. */
const STOP_MS = 5000;
/** While the disk has so many recordings to finish, no new ones begin: publishers that come and go open no more files. */
const MAX_ENDING = 256;

/** Records what is published on this server, as the `dvr` blocks of its vhosts say. */
export class Recorder {
  /** Files that were recorded, or are. */
  readonly book = new RecordingBook();
  /** Memory that files which wait for the disk take. */
  readonly budget = new QueueBudget();
  readonly #server: RecordingServer;
  readonly #context: RecordingContext;
  readonly #recorders = new Map<string, StreamRecorder>();
  /** Recordings whose last files are being finished. */
  readonly #ending = new Set<Promise<unknown>>();
  /** What takes the packets of a source; it ends with the source. */
  readonly #taps = new WeakMap<LiveSource, Disposable>();
  #observed: Disposable | null = null;
  #recovery: RecordingRecovery | null = null;

  constructor(server: RecordingServer) {
    const { world, log, hooks } = server;
    this.#server = server;
    this.#context = {
      world,
      log,
      hooks,
      budget: this.budget,
      book: this.book,
      isUtc: () => this.#server.config.utcTime,
      findRun: (key, epoch, withinMs) => this.#findRun(key, epoch, withinMs),
      subjectOf: (key) => this.#subjectOf(key),
    };
  }

  /** The part of a stream's recording that is made here, or was until its publisher left a moment ago; null for none. */
  runOf(key: string): RecordingRun | null {
    return this.#recorders.get(key)?.run ?? null;
  }

  /** Streams of this moment are recorded, or wait for their publisher. */
  get count(): number {
    return this.#recorders.size;
  }

  start(): void {
    this.#recovery ??= new RecordingRecovery(this.#context, this.#server);
    this.#observed ??= this.#server.sources.observe((source) => this.#watch(source));
  }

  /** Another configuration is in force. */
  onReload(): void {
    for (const source of this.#server.sources.all()) {
      const isRecorded = this.#recorders.has(source.key);
      if (isRecorded === this.#isWanted(source) || !source.isActive) continue;
      if (isRecorded) this.#end(source.key);
      // Put on again, the tap has the headers and the newest GOP.
      else this.#watch(source);
    }
  }

  /** Finishes all files, within a bounded time. */
  async stop(): Promise<void> {
    this.#recovery?.[Symbol.dispose]();
    this.#observed?.[Symbol.dispose]();
    this.#observed = null;
    for (const source of this.#server.sources.all()) this.#taps.get(source)?.[Symbol.dispose]();
    for (const key of [...this.#recorders.keys()]) this.#end(key);
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer: TimerHandle = this.#server.world.after(STOP_MS, resolve);
    await Promise.race([late, Promise.all([...this.#ending, this.#recovery?.finished])]);
    timer.cancel();
    if (this.#ending.size > 0) {
      this.#server.log.warn(`dvr: the disk is too slow to finish all files; the next start finishes them`);
    }
  }

  #watch(source: LiveSource): void {
    this.#taps.get(source)?.[Symbol.dispose]();
    let recorder: StreamRecorder | null = null;
    const tap = source.tap({
      onPublish: (epoch) => {
        recorder = this.#isWanted(source) && this.#hasRoom(source) ? this.#recorderOf(source) : null;
        recorder?.onPublish(epoch);
      },
      onPacket: (packet: MediaPacket) => recorder?.onPacket(packet),
      onUnpublish: () => {
        recorder?.onUnpublish();
        recorder = null;
      },
    });
    this.#taps.set(source, tap);
  }

  #hasRoom({ key }: LiveSource): boolean {
    if (this.#ending.size < MAX_ENDING || this.#recorders.has(key)) return true;
    this.#server.log.warn(`dvr ${key}: is not recorded, the disk has ${MAX_ENDING} recordings to finish`);
    return false;
  }

  #recorderOf(source: LiveSource): StreamRecorder {
    const known = this.#recorders.get(source.key);
    known?.from(source);
    if (known !== undefined) return known;
    const vhost = new VhostHandle(this.#server, vhostOf(this.#server.config, source.key)!);
    const recorder = new StreamRecorder(this.#context, source, vhost, () => this.#end(source.key));
    this.#recorders.set(source.key, recorder);
    return recorder;
  }

  /** Ends a recording that there is; harmless for one that has ended. */
  #end(key: string): void {
    const recorder = this.#recorders.get(key);
    if (recorder === undefined) return;
    this.#recorders.delete(key);
    const ending = recorder.end();
    this.#ending.add(ending);
    ending.then(() => this.#ending.delete(ending));
  }

  /** An origin records what is published at it, and not what it relays for another; an edge whatever it has. */
  #isWanted(source: LiveSource): boolean {
    const vhost = vhostOf(this.#server.config, source.key);
    if (vhost === undefined || !vhost.dvr.enabled) return false;
    if (vhost.cluster.mode === "local" && source.fedBy === "upstream") return false;
    const { dvrApply } = vhost.dvr;
    const { app, stream } = namesOf(source.key);
    return dvrApply.includes("all") || dvrApply.includes(`${app}/${stream}`);
  }

  /** Coworkers know the runs of their own recordings, edges that there was another publish. */
  async #findRun(key: string, epoch: number, withinMs: number): Promise<RecordingRun | null> {
    const { directory, seenPublishes, config } = this.#server;
    const vhost = vhostOf(config, key);
    if (vhost === undefined) return null;
    const stream = { vhost: new VhostHandle(this.#server, vhost), url: { ...namesOf(key), key, host: "" } };
    const holders = await directory.segmentHolders(stream);
    const runs = holders.flatMap(({ recording }) => recording === null ? [] : recording);
    const newest = (a: RecordingRun, b: RecordingRun) => b.epoch - a.epoch || b.part - a.part;
    const [run] = runs.filter((each) => each.epoch < epoch).sort(newest);
    const seen = seenPublishes.before(key, epoch, withinMs);
    return run ?? (seen > 0 ? { epoch: seen, part: 1 } : null);
  }

  #subjectOf(key: string): HeldSubject {
    const { registry } = this.#server;
    const entry = registry.streams().get(key);
    const publisher = entry?.publisher ?? null;
    const { id: streamId, release } = registry.holdStreamId(key);
    const client = publisher === null
      ? { id: "", remoteIp: "", tcUrl: entry?.tcUrl ?? "", pageUrl: "", bytesIn: 0, bytesOut: 0 }
      : {
        id: publisher.id,
        remoteIp: publisher.ip,
        tcUrl: publisher.tcUrl,
        pageUrl: publisher.pageUrl,
        bytesIn: publisher.bytesIn(),
        bytesOut: publisher.bytesOut(),
      };
    const names = namesOf(key);
    const url: StreamUrl = { host: names.vhost, port: 0, query: "", key, ...publisher?.url, ...names };
    return { client, url, streamId, release };
  }
}

function namesOf(key: string): { vhost: string; app: string; stream: string } {
  const slash = key.indexOf("/");
  const last = key.lastIndexOf("/");
  return {
    vhost: key.slice(0, slash) || defaultVhostName,
    app: key.slice(slash + 1, last),
    stream: key.slice(last + 1),
  };
}

function vhostOf(config: Config, key: string) {
  return findVhost(config, namesOf(key).vhost);
}
