import type { TimerHandle } from "../../base/clock.ts";
import { describeError } from "../../base/errors.ts";
import { type ConfigHolder, type VhostConfig, VhostHandle } from "../../config/mod.ts";
import { type NamedStream, readTemplate, recordingTemplate } from "../../record/path_template.ts";
import type { HookSubject } from "../hooks/payload.ts";
import { newEntityId } from "../identity.ts";
import { findRecordings, finishLeftover, type FoundRecording } from "./leftovers.ts";
import type { RecordingContext } from "./recording_context.ts";
import { sweepNotes } from "./note_keeper.ts";
import { tellRecorded } from "./tell_recorded.ts";

/** Longer than the disk keeps a file waiting that somebody writes. */
const MARGIN_MS = 5000;
/** Of the files that are found, so many are listed: the newest. */
const MAX_LISTED = 5000;

/**
 * At the start of a server: lists the recordings that are on the disk, and finishes those that a crash has left.
 *
 * Another server may be writing to the same disk: a file is left over once it has not changed for longer than a publisher
 * may stay away, and nobody has locked it.
 */
export class RecordingRecovery implements Disposable {
  /** Settles when it is done, or was disposed of. */
  readonly finished: Promise<void>;
  readonly #context: RecordingContext;
  #isOver = false;
  #wait: { timer: TimerHandle; resolve: () => void } | null = null;

  constructor(context: RecordingContext, holder: ConfigHolder) {
    this.#context = context;
    const vhosts = holder.config.vhosts.filter(({ enabled, dvr }) => enabled && dvr.enabled);
    // Vhosts that share a template share its files.
    const byTemplate = new Map(vhosts.map((vhost) => [recordingTemplate(vhost.dvr.dvrPath), vhost]));
    this.finished = this.#run([...byTemplate].map(([template, vhost]) => ({
      template,
      vhost: new VhostHandle(holder, vhost),
    })));
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    this.#wait?.timer.cancel();
    this.#wait?.resolve();
  }

  async #run(places: readonly { template: string; vhost: VhostHandle }[]): Promise<void> {
    const { world: { files } } = this.#context;
    const leftovers: { found: FoundRecording; template: string; vhost: VhostHandle }[] = [];
    for (const { template, vhost } of places) {
      const all = (await findRecordings(files, template)).filter(({ path }) => !this.#context.book.has(path));
      for (const found of all.filter(({ isTmp }) => !isTmp).slice(-MAX_LISTED)) this.#list(found, template, vhost);
      for (const found of all.filter(({ isTmp }) => isTmp)) leftovers.push({ found, template, vhost });
    }
    if (leftovers.length === 0 || this.#isOver) return;
    await this.#pause(Math.max(...leftovers.map(({ vhost }) => quietMs(vhost.now))));
    for (const { found, template, vhost } of leftovers) {
      if (this.#isOver) return;
      await this.#finish(found, template, vhost);
    }
    for (const template of new Set(leftovers.map((each) => each.template))) await sweepNotes(files, template);
  }

  async #finish(found: FoundRecording, template: string, vhost: VhostHandle): Promise<void> {
    const { world, log, book } = this.#context;
    try {
      if (book.has(found.path)) return;
      const finished = await finishLeftover(world, found);
      if (finished === null) return;
      const { path, extent } = finished;
      if (path === null) return log.warn(`dvr: removed ${found.path}.tmp, which was left over without a frame`);
      const seconds = (extent.durationMs / 1000).toFixed(1);
      log.info(`dvr: finished ${path}, which was left over, ${seconds} s, ${extent.bytes} bytes`);
      const stream = this.#list({ ...found, path, bytes: extent.bytes }, template, vhost, extent.durationMs);
      tellRecorded(this.#context, vhost, this.#subjectOf(stream), path);
    } catch (error) {
      log.error(`dvr: cannot finish ${found.path}.tmp: ${describeError(error)}`);
    }
  }

  #list(
    { path, bytes }: FoundRecording,
    template: string,
    vhost: VhostHandle,
    durationMs: number | null = null,
  ): NamedStream & { key: string } {
    const { atMs = null, ...names } = readTemplate(template, path) ?? {};
    const stream = { vhost: vhost.name, app: "", stream: "", ...names };
    const key = `${stream.vhost === "__defaultVhost__" ? "" : stream.vhost}/${stream.app}/${stream.stream}`;
    const { world, book } = this.#context;
    const extent = { bytes, durationMs };
    const entry = { id: newEntityId(world), key, stream, path, sinceMs: atMs, run: null, extent: () => extent };
    book.add({ ...entry, state: "finished" });
    return { ...stream, key };
  }

  /** Who published it, nobody knows any more. */
  #subjectOf({ key, ...names }: NamedStream & { key: string }): HookSubject {
    return {
      client: { id: "", remoteIp: "", tcUrl: "", pageUrl: "", bytesIn: 0, bytesOut: 0 },
      url: { host: names.vhost, port: 0, query: "", key, ...names },
      streamId: newEntityId(this.#context.world),
    };
  }

  #pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wait = { timer: this.#context.world.after(ms, resolve), resolve };
    return promise;
  }
}

/** So long a file may stay as it is while somebody records to it. */
function quietMs({ dvr, publish }: VhostConfig): number {
  return MARGIN_MS + dvr.dvrReconnectMs + publish.normalTimeoutMs;
}
