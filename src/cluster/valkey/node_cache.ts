import type { TimerHandle, Timers } from "../../base/clock.ts";
import type { EngineReply } from "../../base/engine.ts";
import type { EngineAccess } from "./engine_access.ts";
import type { EngineKeys } from "./keys.ts";
import { type NodeRecord, parseNodeRecord } from "./node_record.ts";

interface NodeEntry {
  /** As the engine told last; null if the lease has run out. */
  record: NodeRecord | null;
  /** As it was last, as long as that the lease is gone means little. */
  known: NodeRecord | null;
  /** Whether the engine has told of it since it was new or lost everything. */
  isConfirmed: boolean;
  checkedMs: number;
  /** The engine tells when its bell rings. */
  isListening: boolean;
  /** How often that was so. */
  rung: number;
  asking: Promise<void> | null;
}

const MAX_NODES = 20_000;
/** Should the engine die, what is known is to be true: nodes whose bells have rung are read again within this time, in one call. */
const READ_AGAIN_MS = 1000;

/** Options of {@link NodeCache}. */
export interface NodeCacheOptions {
  readonly access: EngineAccess;
  readonly timers: Timers;
  readonly random: () => number;
  readonly keys: EngineKeys;
  readonly nodeTtlMs: number;
}

/**
 * The leases of nodes, for as long as a lease lives. The engine does not tell of changes: leases are renewed every few
 * seconds, and each time all that have read one would have to read it again. So each node has a bell beside its lease, a key
 * that changes when it is about to stop, or gone: of that the engine tells.
 */
export class NodeCache implements Disposable {
  readonly #options: NodeCacheOptions;
  readonly #entries = new Map<string, NodeEntry>();
  readonly #rung = new Set<string>();
  #readAgain: TimerHandle | null = null;
  #doubtUntilMs = 0;

  constructor(options: NodeCacheOptions) {
    this.#options = options;
  }

  isFresh(node: string): boolean {
    const entry = this.#entries.get(node);
    return entry !== undefined && this.#options.timers.nowMs() - entry.checkedMs <= this.#options.nodeTtlMs;
  }

  /** What a node tells of itself; null if it is not there. @param inDoubt Whether what it told before counts. */
  get(node: string, inDoubt: boolean): NodeRecord | null {
    const entry = this.#entries.get(node);
    return entry?.record ?? (inDoubt ? entry?.known ?? null : null);
  }

  /** Reads the lease. Never rejects. */
  ask(node: string): Promise<void> {
    const entry = this.#open(node);
    return entry.asking ??= this.#put([node], [entry]).finally(() => entry.asking = null);
  }

  /** Reads leases in one call. Never rejects. */
  async askAll(nodes: readonly string[]): Promise<void> {
    const entries = nodes.map((node) => this.#open(node));
    const open = nodes.filter((_, at) => entries[at]!.asking === null);
    const openEntries = entries.filter(({ asking }) => asking === null);
    if (open.length > 0) {
      const put = this.#put(open, openEntries);
      for (const entry of openEntries) entry.asking = put.finally(() => entry.asking = null);
    }
    await Promise.all(entries.map(({ asking }) => asking));
  }

  /** Something that hangs on a node has changed: if it was not there, it may be back. */
  doubt(node: string): void {
    const entry = this.#entries.get(node);
    if (entry?.record === null) entry.checkedMs = -Infinity;
  }

  /** The bell of a node has rung: what it told before counts no longer. */
  onBell(node: string): void {
    const entry = this.#entries.get(node);
    if (entry === undefined) return;
    entry.isListening = false;
    entry.rung++;
    entry.checkedMs = -Infinity;
    this.#rung.add(node);
    const { timers, random } = this.#options;
    this.#readAgain ??= timers.after(random() * READ_AGAIN_MS, () => {
      this.#readAgain = null;
      const nodes = [...this.#rung].filter((node) => !this.isFresh(node));
      this.#rung.clear();
      if (nodes.length > 0) void this.askAll(nodes);
    });
  }

  /** What is known is to be asked again; until then, that a lease is gone means little. */
  onLost(doubtUntilMs: number): void {
    this.#doubtUntilMs = doubtUntilMs;
    for (const entry of this.#entries.values()) {
      entry.checkedMs = -Infinity;
      entry.isConfirmed = entry.isListening = false;
    }
  }

  [Symbol.dispose](): void {
    this.#readAgain?.cancel();
  }

  #open(node: string): NodeEntry {
    const entry = this.#entries.get(node) ?? newEntry();
    this.#entries.set(node, entry);
    if (this.#entries.size > MAX_NODES) this.#entries.delete(this.#entries.keys().next().value ?? "");
    return entry;
  }

  async #put(nodes: readonly string[], entries: readonly NodeEntry[]): Promise<void> {
    const { access, keys } = this.#options;
    const rung = entries.map((entry) => entry.rung);
    this.#listen(nodes.filter((_, at) => !entries[at]!.isListening));
    const names = nodes.map((node) => keys.node(node));
    try {
      const reply = await access.callUntracked(names.length === 1 ? ["GET", ...names] : ["MGET", ...names]);
      const values = names.length === 1 ? [reply] : Array.isArray(reply) ? reply : [];
      entries.forEach((entry, at) => this.#note(entry, values[at] ?? null, entry.rung === rung[at]));
    } catch {
      // What was known stays known.
    }
  }

  /** Before the leases are read, so that no word is missed. */
  #listen(nodes: readonly string[]): void {
    if (nodes.length === 0) return;
    const { access, keys } = this.#options;
    const bells = nodes.map((node) => keys.bell(node));
    const entries = nodes.map((node) => this.#open(node));
    for (const entry of entries) entry.isListening = true;
    access.call(bells.length === 1 ? ["GET", ...bells] : ["MGET", ...bells]).catch(() => {
      for (const entry of entries) entry.isListening = false;
    });
  }

  /** @param isNow The bell has not rung since the question. */
  #note(entry: NodeEntry, reply: EngineReply, isNow: boolean): void {
    const { timers } = this.#options;
    const record = typeof reply === "string" ? parseNodeRecord(reply) : null;
    entry.record = record;
    if (record !== null) entry.isConfirmed = true;
    if (entry.isConfirmed || timers.nowMs() >= this.#doubtUntilMs) entry.known = record;
    if (isNow) entry.checkedMs = timers.nowMs();
  }
}

function newEntry(): NodeEntry {
  return {
    record: null,
    known: null,
    isConfirmed: false,
    checkedMs: -Infinity,
    isListening: false,
    rung: 0,
    asking: null,
  };
}
