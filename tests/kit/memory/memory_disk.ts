import type { Timers, WallClock } from "../../../src/base/clock.ts";
import type { FileLock, Files } from "../../../src/base/world.ts";

/** A file's bytes and the time of its last change. */
class MemoryFile {
  #bytes = new Uint8Array(64);
  length = 0;
  modifiedMs = 0;
  static #count = 0;
  readonly id = ++MemoryFile.#count;

  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.length);
  }

  write(at: number, bytes: Uint8Array): void {
    const end = at + bytes.length;
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(end, this.#bytes.length * 2));
      grown.set(this.bytes);
      this.#bytes = grown;
    }
    this.#bytes.set(bytes, at);
    this.length = Math.max(this.length, end);
  }

  truncate(length: number): void {
    this.#bytes.fill(0, length);
    this.length = length;
  }
}

/** A disk in memory: it can be slow, full or dead. Paths are relative to its root; folders need not be made. */
export class MemoryDisk {
  /** Time that each write takes. */
  writeMs = 0;
  /** Bytes that fit on it. */
  capacityBytes = Infinity;
  /** Writes never end. */
  isHung = false;
  /** Files cannot be locked on it. */
  lacksLocks = false;
  /** Writes that were begun. */
  writes = 0;
  readonly #clock: Timers & WallClock;
  readonly #files = new Map<string, MemoryFile>();
  readonly #folders = new Set<string>();
  readonly #locked = new Map<MemoryFile, object>();
  #open = 0;

  constructor(clock: Timers & WallClock) {
    this.#clock = clock;
  }

  /** Files that are open. */
  get openCount(): number {
    return this.#open;
  }

  /** Paths of all files but hidden ones, in order. */
  get paths(): string[] {
    return [...this.#files.keys()].filter((path) => !/(?:^|\/)\./.test(path)).sort();
  }

  /** Locks a file, as `World.lockFile` does. @param holder Whose locks are let go together. */
  lock(path: string, holder: object): Promise<FileLock | null> {
    const file = this.#files.get(plain(path));
    if (this.lacksLocks) return Promise.reject(new Deno.errors.NotSupported("no locks"));
    if (file === undefined) return Promise.reject(new Deno.errors.NotFound(path));
    if (this.#locked.has(file)) return Promise.resolve(null);
    this.#locked.set(file, holder);
    let isHeld = true;
    return Promise.resolve({
      isCurrent: () => Promise.resolve(this.#files.get(plain(path)) === file),
      [Symbol.dispose]: () => {
        if (isHeld && this.#locked.get(file) === holder) this.#locked.delete(file);
        isHeld = false;
      },
    });
  }

  /** A holder of locks is dead. */
  unlockAll(holder: object): void {
    for (const [file, by] of [...this.#locked]) if (by === holder) this.#locked.delete(file);
  }

  get usedBytes(): number {
    return this.#files.values().reduce((sum, { length }) => sum + length, 0);
  }

  /** The bytes of a file. @throws If there is none. */
  read(path: string): Uint8Array<ArrayBuffer> {
    return this.#find(path).bytes.slice();
  }

  /** Puts a file there. */
  put(path: string, bytes: Uint8Array): void {
    const file = this.#create(plain(path));
    file.write(0, bytes);
  }

  /** What a server sees of it. A part of `Deno` is not there: to use it is an error. */
  get files(): Files {
    const own = {
      lstat: (path: string | URL) => this.#stat(String(path)),
      stat: (path: string | URL) => this.#stat(String(path)),
      realPath: (path: string | URL) => Promise.resolve(plain(String(path)) || "/"),
      mkdir: (path: string | URL) => {
        const parts = plain(String(path)).split("/");
        parts.forEach((_, i) => this.#folders.add(parts.slice(0, i + 1).join("/")));
        return Promise.resolve();
      },
      open: (path: string | URL, options: Deno.OpenOptions = {}) => this.#openFile(plain(String(path)), options),
      readDir: (path: string | URL) => this.#list(plain(String(path))),
      remove: (path: string | URL) => this.#remove(plain(String(path))),
      rename: (from: string | URL, to: string | URL) => this.#rename(plain(String(from)), plain(String(to))),
      readTextFile: (path: string | URL) => {
        const file = this.#files.get(plain(String(path)));
        if (file === undefined) return Promise.reject(new Deno.errors.NotFound(String(path)));
        return Promise.resolve(new TextDecoder().decode(file.bytes));
      },
      writeTextFile: (path: string | URL, text: string) => Promise.resolve(this.put(String(path), encode(text))),
      readTextFileSync: (path: string | URL) => Deno.readTextFileSync(path),
    };
    return own as unknown as Files;
  }

  async *#list(folder: string): AsyncGenerator<Deno.DirEntry> {
    const start = folder === "" ? "" : `${folder}/`;
    const names = new Map<string, boolean>();
    for (const path of this.#files.keys()) {
      if (!path.startsWith(start)) continue;
      const [name = "", ...below] = path.slice(start.length).split("/");
      names.set(name, below.length > 0);
    }
    await Promise.resolve();
    if (names.size === 0) throw new Deno.errors.NotFound(folder);
    for (const [name, isDirectory] of names) yield { name, isDirectory, isFile: !isDirectory, isSymlink: false };
  }

  #stat(path: string): Promise<Deno.FileInfo> {
    const file = this.#files.get(plain(path));
    const isDirectory = file === undefined &&
      this.#files.keys().some((each) => each.startsWith(`${plain(path)}/`));
    if (file === undefined && !isDirectory) return Promise.reject(new Deno.errors.NotFound(path));
    return Promise.resolve(infoOf(file ?? new MemoryFile(), isDirectory));
  }

  #openFile(path: string, { createNew = false, create = false }: Deno.OpenOptions): Promise<Deno.FsFile> {
    const known = this.#files.get(path);
    if (known !== undefined && createNew) return Promise.reject(new Deno.errors.AlreadyExists(path));
    if (known === undefined && !createNew && !create) return Promise.reject(new Deno.errors.NotFound(path));
    const file = known ?? this.#create(path);
    this.#open++;
    return Promise.resolve(this.#handle(file));
  }

  #handle(file: MemoryFile): Deno.FsFile {
    let at = 0;
    let isOpen = true;
    const close = () => {
      if (!isOpen) throw new Deno.errors.BadResource("closed twice");
      isOpen = false;
      this.#open--;
    };
    const check = () => {
      if (!isOpen) throw new Deno.errors.BadResource("the file is closed");
    };
    const own = {
      write: async (bytes: Uint8Array) => {
        check();
        this.writes++;
        if (this.isHung) await new Promise(() => {});
        const { promise, resolve } = Promise.withResolvers<void>();
        if (this.writeMs > 0) this.#clock.after(this.writeMs, resolve);
        else resolve();
        await promise;
        const grows = Math.max(0, at + bytes.length - file.length);
        const room = Math.max(0, this.capacityBytes - this.usedBytes);
        const count = bytes.length - Math.max(0, grows - room);
        if (count <= 0) {
          throw Object.assign(new Error("No space left on device (os error 28)"), { code: "ENOSPC" });
        }
        file.write(at, bytes.subarray(0, count));
        file.modifiedMs = this.#clock.wallMs();
        at += count;
        return count;
      },
      read: (bytes: Uint8Array) => {
        check();
        const part = file.bytes.subarray(at, at + bytes.length);
        bytes.set(part);
        at += part.length;
        return Promise.resolve(part.length === 0 ? null : part.length);
      },
      seek: (offset: number) => {
        check();
        return Promise.resolve(at = offset);
      },
      truncate: (length = 0) => {
        check();
        file.truncate(length);
        return Promise.resolve();
      },
      sync: () => Promise.resolve(check()),
      stat: () => Promise.resolve(infoOf(file, false)),
      close,
      [Symbol.dispose]: () => {
        if (isOpen) close();
      },
    };
    return own as unknown as Deno.FsFile;
  }

  #create(path: string): MemoryFile {
    const file = new MemoryFile();
    file.modifiedMs = this.#clock.wallMs();
    this.#files.set(path, file);
    return file;
  }

  #find(path: string): MemoryFile {
    const file = this.#files.get(plain(path));
    if (file === undefined) throw new Deno.errors.NotFound(path);
    return file;
  }

  #remove(path: string): Promise<void> {
    return this.#files.delete(path) ? Promise.resolve() : Promise.reject(new Deno.errors.NotFound(path));
  }

  #rename(from: string, to: string): Promise<void> {
    const file = this.#files.get(from);
    if (file === undefined) return Promise.reject(new Deno.errors.NotFound(from));
    this.#files.delete(from);
    this.#files.set(to, file);
    return Promise.resolve();
  }
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function plain(path: string): string {
  return path.split("/").filter((part) => part !== "" && part !== ".").join("/");
}

function infoOf(file: MemoryFile, isDirectory: boolean): Deno.FileInfo {
  const { length: size, modifiedMs, id: ino } = file;
  const mtime = new Date(modifiedMs);
  return { size, isDirectory, isFile: !isDirectory, isSymlink: false, mtime, ino, dev: 1 } as Deno.FileInfo;
}
