import { type LogMemory, sharedMemory } from "../../base/log_memory.ts";
import type { ListenerSocket, Socket } from "../../base/socket.ts";
import { descriptorKey } from "./descriptor.ts";
import { FastSocket } from "./fast_socket.ts";
import { type ArenaCounts, LogArena } from "./log_arena.ts";
import { type Libc, openLibc } from "./libc.ts";

/** How publishers are read: as messages come, or a flush at a time. */
export type RecvPath = "read" | "lowat";

/**
 * How players are sent to: by Deno's writes; by a call of the kernel's own, which copies the bytes; or by one that takes
 * their pages where there are many.
 */
export type SendPath = "write" | "send" | "sendfile";

/** What was asked for. `auto` is what has been proven to cost least: to gather, and to copy. */
export interface WantedPaths {
  readonly recv: RecvPath | "auto";
  readonly send: SendPath | "auto";
}

/** Deno's own ways. */
export const denoPaths: WantedPaths = { recv: "read", send: "write" };

/** The first Linux that looks at what has come when the mark is lowered. */
const LOWAT_LINUX = [4, 18] as const;
const SIGPIPE = 13;
const canGather = isLinuxFrom(...LOWAT_LINUX);

/** The ways that connections of this thread take to the kernel. */
export class FastPaths {
  readonly #wanted: WantedPaths;
  readonly #onMissing: (reason: string) => void;
  #libc: Libc | null = null;
  #arena: LogArena | null = null;
  /** sendfile(2) can be called. */
  #handsPages: boolean = ignoresSigpipe();

  /** @param onMissing Told once, at most, why connections take Deno's way, unless nothing else was asked for. */
  constructor(wanted: WantedPaths, onMissing: (reason: string) => void = () => {}) {
    this.#wanted = wanted;
    this.#onMissing = onMissing;
    if (wanted.recv === "read" && wanted.send === "write") return;
    const libc = openLibc();
    if (typeof libc === "string") onMissing(libc);
    else this.#libc = libc;
  }

  /** What was asked for, for another thread to ask for too. */
  get wanted(): WantedPaths {
    return this.#wanted;
  }

  /** How publishers of this thread are read. */
  get recv(): RecvPath {
    return this.#libc !== null && this.#wanted.recv !== "read" && canGather ? "lowat" : "read";
  }

  /** How players of this thread are sent to. */
  get send(): SendPath {
    if (this.#libc === null || this.#wanted.send === "write") return "write";
    return this.#wanted.send === "sendfile" && this.#handsPages ? "sendfile" : "send";
  }

  /** Memory for logs, from which the kernel can send without a copy. Of the first thread; others have theirs from there. */
  get logMemory(): LogMemory {
    return (bytes) => this.#arena?.allocate(bytes) ?? sharedMemory(bytes);
  }

  /** What the arena has to tell; null without one. */
  get arena(): ArenaCounts | null {
    return this.#arena?.counts ?? null;
  }

  /** Gives back memory that is kept for later. */
  trim(): void {
    this.#arena?.trim();
  }

  /** Opens the arena for {@link logMemory}, unless players are sent to by Deno's writes. */
  openArena(): void {
    if (this.#libc === null || this.#wanted.send === "write") return;
    const arena = LogArena.open(this.#libc);
    if (typeof arena !== "string") {
      this.#arena = arena;
      return;
    }
    this.#handsPages = false;
    this.#onMissing(`players are sent copies: ${arena}`);
  }

  /** A listener whose connections take these ways. */
  over(listener: ListenerSocket): ListenerSocket {
    if (this.#libc === null) return listener;
    return {
      addr: listener.addr,
      accept: async () => this.#take(await listener.accept()),
      close: () => listener.close(),
    };
  }

  #take(conn: Socket): Socket {
    const libc = this.#libc;
    if (libc === null) return conn;
    const key = descriptorKey(conn, libc);
    if (key === "none") this.#giveUp();
    if (typeof key !== "symbol") return conn;
    return new FastSocket(conn, key, { libc, gathers: this.recv === "lowat", sends: this.send });
  }

  #giveUp(): void {
    this.#libc = null;
    this.#onMissing(`Deno ${Deno.version.deno} does not tell the descriptors of its connections`);
  }
}

function isLinuxFrom(major: number, minor: number): boolean {
  try {
    const [, ours = "0", oursMinor = "0"] = /^(\d+)\.(\d+)/.exec(Deno.osRelease()) ?? [];
    return Number(ours) > major || (Number(ours) === major && Number(oursMinor) >= minor);
  } catch {
    // Started without the permission to ask.
    return false;
  }
}

/** Whether the process lives on when it sends to a peer that is gone; Deno sees to that. */
function ignoresSigpipe(): boolean {
  try {
    const ignored = /^SigIgn:\s*([0-9a-f]+)$/m.exec(Deno.readTextFileSync("/proc/self/status"))?.[1] ?? "0";
    return (BigInt(`0x${ignored}`) >> BigInt(SIGPIPE - 1) & 1n) === 1n;
  } catch {
    // Not to be had: it is not relied upon.
    return false;
  }
}
