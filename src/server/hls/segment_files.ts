import { describeError } from "../../base/errors.ts";
import type { Logger } from "../../base/log.ts";
import type { Files } from "../../base/world.ts";
import type { VhostConfig } from "../../config/mod.ts";
import { keyNumberOf } from "../../hls/encryption.ts";
import { mediaPlaylist } from "../../hls/playlist.ts";
import { entryBytes, type Segment, type WindowEntry } from "../../hls/segment.ts";
import type { HlsObserver, HlsStream, HlsView } from "./hls_stream.ts";
import type { SegmentCipher } from "./segment_cipher.ts";
import { relativeTo, type SegmentNames, segmentPath, streamPath } from "./segment_path.ts";

/** What writing takes of a server. */
export interface SegmentFilesServer {
  readonly files: Files;
  readonly log: Logger;
  /** `utc_time`. */
  readonly utc: boolean;
}

/** How and where files are written, as it was when the stream began. */
export type HlsFileRows = Pick<
  VhostConfig["hls"],
  | "path"
  | "keyFile"
  | "keyFilePath"
  | "keyUrl"
  | "m3u8File"
  | "tsFile"
  | "fmp4File"
  | "initFile"
  | "entryPrefix"
  | "cleanup"
  | "disposeMs"
>;

/** A segment that was written. */
export interface WrittenSegment {
  readonly segment: Segment;
  /** Below `hls_path`. */
  readonly path: string;
  readonly playlistPath: string;
}

/**
 * The files of one stream: each segment as `.tmp` first, then by its name, then the playlist that lists it. Whatever the
 * disk does, it never delays the stream: one write at a time, and what left the window meanwhile is left out.
 */
export class SegmentFiles implements HlsObserver {
  /** Told of each segment that is there. */
  onWritten: ((written: WrittenSegment) => void) | null = null;
  readonly #server: SegmentFilesServer;
  readonly #stream: HlsStream;
  readonly #names: SegmentNames;
  readonly #rows: HlsFileRows;
  readonly #playlistPath: string | null;
  /** Paths below `hls_path`. */
  readonly #segments = new Map<number, string>();
  readonly #inits = new Map<string, string>();
  /** Below `hls_key_file_path`. */
  readonly #keys = new Map<number, string>();
  #isChanged = false;
  #isOver = false;
  #work: Promise<void> = Promise.resolve();
  #isRunning = false;
  #hasFailed = false;

  constructor(server: SegmentFilesServer, stream: HlsStream, names: SegmentNames, rows: HlsFileRows) {
    this.#server = server;
    this.#stream = stream;
    this.#names = names;
    this.#rows = rows;
    this.#playlistPath = streamPath(rows.m3u8File, names);
    if (this.#playlistPath === null) server.log.warn(`HLS of ${stream.key} is not written: its name cannot be a file`);
  }

  /** Settles when nothing is being written. */
  get settled(): Promise<void> {
    return this.#work;
  }

  onChange(): void {
    this.#isChanged = true;
    this.#go();
  }

  /** Deletes what was written, unless it is to stay. */
  dispose(): void {
    this.#isOver = true;
    this.#go();
  }

  #go(): void {
    if (this.#isRunning || this.#playlistPath === null) return;
    this.#isRunning = true;
    this.#work = this.#run(this.#playlistPath).finally(() => this.#isRunning = false);
  }

  async #run(playlistPath: string): Promise<void> {
    while (this.#isChanged && !this.#isOver) {
      this.#isChanged = false;
      const { view } = this.#stream;
      if (view === null) continue;
      try {
        await this.#update(view, playlistPath);
        if (this.#hasFailed) this.#server.log.info(`HLS of ${this.#stream.key} is written again`);
        this.#hasFailed = false;
      } catch (error) {
        this.#onError(error);
      }
    }
    if (this.#isOver) await this.#deleteAll(playlistPath);
  }

  /** One line for all errors in a row. */
  #onError(error: unknown): void {
    if (!this.#hasFailed) {
      this.#server.log.error(
        `HLS of ${this.#stream.key} cannot be written to ${this.#rows.path}: ${describeError(error)}`,
      );
      this.#stream.fail();
    }
    this.#hasFailed = true;
  }

  async #update(view: HlsView, playlistPath: string): Promise<void> {
    const { window, options, cipher } = view;
    const { tsFile, fmp4File, entryPrefix } = this.#rows;
    const template = options.container === "ts" ? tsFile : fmp4File;
    const pathOf = (entry: WindowEntry) => segmentPath(template, this.#names, entry, this.#server.utc) ?? "_";
    const written: WrittenSegment[] = [];
    for (const entry of window.entries) {
      if (entry.kind !== "segment" || this.#segments.has(entry.number)) continue;
      const path = pathOf(entry);
      if (entry.init !== null) await this.#writeInit(entry.init.id, entry.init.bytes);
      const pieces = entryBytes(entry);
      await this.#write(path, cipher === null ? pieces : [cipher.encrypted(entry, pieces, entry.number)]);
      if (cipher !== null) await this.#writeKey(view, cipher, keyNumberOf(entry.number, options.fragmentsPerKey));
      this.#segments.set(entry.number, path);
      written.push({ segment: entry, path, playlistPath });
    }
    if (written.length === 0) return;
    const own = (path: string) => `${entryPrefix}${relativeTo(playlistPath, path)}`;
    const text = mediaPlaylist(window, { ...options, partMs: 0, hidesAbsent: true }, {
      segment: (entry) => own(this.#segments.get(entry.number) ?? pathOf(entry)),
      part: () => "",
      key: (keyNumber) => this.#keyUri(keyNumber, playlistPath),
      init: (id) => own(this.#initPath(id)),
    });
    await this.#write(playlistPath, [new TextEncoder().encode(text)]);
    for (const one of written) this.onWritten?.(one);
    if (this.#rows.cleanup) await this.#clean(view);
  }

  async #writeKey({ window }: HlsView, cipher: SegmentCipher, keyNumber: number): Promise<void> {
    if (this.#keys.has(keyNumber)) return;
    const path = this.#keyPath(keyNumber);
    const key = cipher.keyOf(window, keyNumber);
    if (key === null) return;
    await this.#write(path, [key], this.#rows.keyFilePath || this.#rows.path);
    this.#keys.set(keyNumber, path);
  }

  #keyPath(keyNumber: number): string {
    const named = { number: keyNumber, startMs: 0, durationMs: 0 };
    return segmentPath(this.#rows.keyFile, this.#names, named, true) ?? "_";
  }

  #keyUri(keyNumber: number, playlistPath: string): string {
    const { keyUrl } = this.#rows;
    const path = this.#keyPath(keyNumber);
    return keyUrl === "" ? relativeTo(playlistPath, path) : `${keyUrl}${path}`;
  }

  async #writeInit(id: string, bytes: Uint8Array): Promise<void> {
    if (this.#inits.has(id)) return;
    const path = this.#initPath(id);
    await this.#write(path, [bytes]);
    this.#inits.set(id, path);
  }

  /** The first one has the plain name; it is not overwritten by a later one, as players may still need it. */
  #initPath(id: string): string {
    const known = this.#inits.get(id);
    if (known !== undefined) return known;
    const plain = streamPath(this.#rows.initFile, this.#names) ?? "_";
    return this.#inits.size === 0 ? plain : plain.replace(/(\.\w+)?$/, `-${id}$1`);
  }

  async #write(path: string, pieces: readonly Uint8Array[], root = this.#rows.path): Promise<void> {
    const { files } = this.#server;
    const full = `${root}/${path}`;
    await files.mkdir(full.slice(0, full.lastIndexOf("/")), { recursive: true });
    const file = await files.open(`${full}.tmp`, { write: true, create: true, truncate: true });
    try {
      for (const piece of pieces) {
        for (let at = 0; at < piece.length;) at += await file.write(piece.subarray(at));
      }
    } finally {
      file.close();
    }
    await files.rename(`${full}.tmp`, full);
  }

  /** Files of segments that nobody asks for any more. */
  async #clean({ window, options }: HlsView): Promise<void> {
    for (const [number, path] of [...this.#segments]) {
      if (window.find(number) !== null) continue;
      this.#segments.delete(number);
      await this.#remove(path);
    }
    const oldest = Math.min(...this.#segments.keys());
    for (const [number, path] of [...this.#keys]) {
      if (number >= keyNumberOf(oldest, options.fragmentsPerKey)) continue;
      this.#keys.delete(number);
      await this.#remove(path, this.#rows.keyFilePath || this.#rows.path);
    }
  }

  async #deleteAll(playlistPath: string): Promise<void> {
    if (this.#rows.disposeMs === 0) return;
    const paths = [playlistPath, ...this.#segments.values(), ...this.#inits.values()];
    this.#segments.clear();
    this.#inits.clear();
    for (const path of paths) await this.#remove(path);
    for (const path of this.#keys.values()) await this.#remove(path, this.#rows.keyFilePath || this.#rows.path);
  }

  async #remove(path: string, root = this.#rows.path): Promise<void> {
    try {
      await this.#server.files.remove(`${root}/${path}`);
    } catch {
      // Somebody else was faster, or may not be stopped from keeping it.
    }
  }
}
