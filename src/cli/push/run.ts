import type { Timers } from "../../base/clock.ts";
import type { Tracer } from "../../base/trace.ts";
import { SrsError } from "../../base/errors.ts";
import { FlvTagType } from "../../flv/tag.ts";
import type { TlsDialOptions } from "../../net/tls/dial.ts";
import type { CliIo } from "../command.ts";
import { MP4, recognizeContainer } from "./container.ts";
import { PushFeed } from "./feed.ts";
import { type MediaFile, readMedia } from "./file.ts";
import { NotFragmented } from "./mp4_demuxer.ts";
import { PushProgress } from "./progress.ts";
import { END_OF_FILE, type PushFailure, PushSession } from "./session.ts";
import type { StreamTarget } from "../stream_target.ts";

/** What to publish, where and how. */
export interface PushRunOptions {
  target: StreamTarget;
  /** For servers that are asked over TLS. */
  tls?: TlsDialOptions;
  file: MediaFile;
  loop: boolean;
  reconnect: boolean;
  json: boolean;
  io: CliIo;
  /** Ends it. */
  stop: AbortSignal;
  timers: Timers;
  /** Null or absent while nobody wants traces. */
  tracer?: Tracer | null;
}

/** Exit statuses of a push; 2, a wrong command line, is given by the caller. */
const Exit = { Ok: 0, Failed: 1, Unreachable: 3, CutOff: 4 } as const;

/** One push: the file, the connection and the display put together. */
export class PushRun {
  readonly #options: PushRunOptions;
  readonly #feed: PushFeed;
  readonly #session: PushSession;
  readonly #progress: PushProgress;
  readonly #over = new AbortController();
  readonly #stop: AbortSignal;
  /** Settles when a server takes the stream, or never will. */
  readonly #started = Promise.withResolvers<void>();
  #server = "";
  #hasFailed = false;
  #isCutOff = false;

  constructor(options: PushRunOptions) {
    const { target, tls = {}, io, stop, timers, tracer = null, reconnect, json } = options;
    this.#options = options;
    this.#stop = AbortSignal.any([stop, this.#over.signal]);
    this.#stop.addEventListener("abort", () => this.#started.resolve(), { once: true });
    this.#feed = new PushFeed(timers);
    const events = {
      onPublishing: (where: StreamTarget) => this.#onPublishing(where),
      onNotice: (text: string) => this.#progress.note(text),
    };
    const feed = this.#feed;
    this.#session = new PushSession({ target, tls, feed, timers, tracer, reconnect, random: Math.random, events });
    const status = () => ({
      server: this.#feed.isAttached ? this.#server : "",
      reconnects: this.#session.reconnects,
    });
    this.#progress = new PushProgress({ io, timers, json, counters: this.#feed.counters, status });
  }

  /** Publishes until the end of the file, a failure or Ctrl-C. @returns The exit status. */
  async run(): Promise<number> {
    if (!await this.#checkFile()) return Exit.Failed;
    this.#progress.start();
    const sending = this.#sendFile();
    const failure = await this.#session.run(this.#stop);
    this.#over.abort();
    await sending;
    this.#progress.stop();
    const status = this.#hasFailed ? Exit.Failed : this.#statusOf(failure);
    if (this.#session.wasPublishing) this.#progress.summarize(status);
    return status;
  }

  /** A file that is of no use should not take a stream first. */
  async #checkFile(): Promise<boolean> {
    try {
      const container = await recognizeContainer(this.#options.file);
      if (container !== null && container !== MP4) throw new SrsError("FlvDecode", this.#otherContainer(container));
      for await (const { type } of readMedia(this.#options.file, { loop: false, onTruncated: () => {} })) {
        if (type === FlvTagType.Audio || type === FlvTagType.Video) break;
      }
      return true;
    } catch (error) {
      const isPlainMp4 = error instanceof SrsError && error.cause instanceof NotFragmented;
      this.#fail(isPlainMp4 ? new SrsError("FlvDecode", this.#otherContainer(`${MP4} without fragments`)) : error);
      return false;
    }
  }

  #otherContainer(container: string): string {
    const { file: { name }, target: { url }, loop } = this.#options;
    const command = ["ffmpeg -re", ...(loop ? ["-stream_loop -1"] : []), `-i "${name}" -c copy -f flv "${url}"`];
    return `${name} is ${container}, and this command sends FLV and fragmented MP4 only; ffmpeg can send it: ${
      command.join(" ")
    }`;
  }

  async #sendFile(): Promise<void> {
    const { file, loop } = this.#options;
    const onTruncated = (text: string) => {
      this.#isCutOff = true;
      this.#progress.note(`${text}; the file is cut off, publishing what is complete`);
    };
    await this.#started.promise;
    if (this.#stop.aborted) return;
    try {
      await this.#feed.run(readMedia(file, { loop, onTruncated }), this.#stop);
      if (!this.#stop.aborted && !this.#feed.isAttached) {
        this.#fail(new SrsError("StConnect", "the file ended while no server was connected"));
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#over.abort(END_OF_FILE);
    }
  }

  #onPublishing({ text, url }: StreamTarget): void {
    this.#server = text;
    this.#progress.note(`publishing to ${url}`);
    this.#started.resolve();
  }

  #fail(error: unknown): void {
    if (!(error instanceof SrsError)) throw error;
    this.#hasFailed = true;
    this.#progress.note(error.message);
  }

  #statusOf(failure: PushFailure | null): number {
    if (failure === null && this.#session.wasPublishing) {
      return this.#isCutOff && !this.#options.loop ? Exit.CutOff : Exit.Ok;
    }
    return failure === "unreachable" || !this.#session.wasReached ? Exit.Unreachable : Exit.Failed;
  }
}
