import type { TimerHandle, Timers, WallClock } from "../../base/clock.ts";
import type { ClusterNode, ServerAddress } from "../directory.ts";
import type { EngineAccess } from "./engine_access.ts";
import { bootOf, type EngineKeys, nameOf } from "./keys.ts";
import { type NodeRecord, parseNodeRecord } from "./node_record.ts";

/** Leases that are read in one step. */
const BATCH = 200;
/** More nodes than this are not listed. */
const MAX_MEMBERS = 50_000;
/** How often it is looked without being asked, in a small cluster: a list that is shown is then not too old at first. */
const BACKGROUND_MS = 10_000;
/** Leases that all nodes together read in a second without being asked. */
const READS_PER_SECOND = 5000;
/** In a larger cluster, only some nodes are looked at without being asked, others each time: who stops has some to name. */
const [SMALL_CLUSTER, SAMPLE] = [500, 100];

/** Options of {@link MemberList}. */
export interface MemberListOptions {
  readonly access: EngineAccess;
  readonly timers: Timers & WallClock;
  readonly random: () => number;
  readonly keys: EngineKeys;
  readonly self: string;
  readonly nodeTtlMs: number;
}

interface Seen {
  readonly record: NodeRecord;
  readonly state: ClusterNode["state"];
  readonly sinceMs: number;
}

/**
 * The other servers, as their leases tell. Read again when somebody looks, seldom otherwise: the more servers there are,
 * the more seldom, so that all of them together do not keep the engine busy with themselves.
 */
export class MemberList implements Disposable {
  readonly #options: MemberListOptions;
  /** Those that were read the longest ago first. */
  readonly #seen = new Map<string, Seen>();
  #readMs = -Infinity;
  /** When all were read. */
  #allReadMs = -Infinity;
  #isReading = false;
  #timer: TimerHandle | null = null;

  constructor(options: MemberListOptions) {
    this.#options = options;
  }

  /** The others as they were last seen; looks again if that was some time ago. */
  list(): readonly ClusterNode[] {
    this.#refreshAll();
    // A server that was restarted is not shown twice.
    const up = new Set([...this.#seen].filter(([, { state }]) => state !== "down").map(([node]) => nameOf(node)));
    return [...this.#seen].filter(([node, { state }]) => state !== "down" || !up.has(nameOf(node)))
      .map(([node, seen]) => toMember(node, seen));
  }

  /** Where other origins take RTMP clients, as they were last seen. */
  origins(): readonly ServerAddress[] {
    this.#refreshAll();
    return [...this.#seen.values()].filter(({ record: { role }, state }) => state === "up" && role !== "edge")
      .map(({ record: { rtmp } }) => rtmp);
  }

  /** Looks without being asked. @param nodes How many there are. */
  #refreshSometimes(nodes: number): void {
    const isSmall = nodes <= SMALL_CLUSTER;
    const most = isSmall ? SMALL_CLUSTER : SAMPLE;
    const pauseMs = Math.max(BACKGROUND_MS, nodes * Math.min(nodes, most) * 1000 / READS_PER_SECOND);
    if (this.#options.timers.nowMs() - this.#readMs < pauseMs) return;
    this.#refresh(isSmall ? 0 : Math.floor(this.#options.random() * (nodes - SAMPLE)), most);
  }

  /** Begins to look, at some time: servers that were started together do not do so together. */
  start(nodes: () => number): void {
    const { timers, random } = this.#options;
    const look = () => {
      this.#timer = timers.after(BACKGROUND_MS, look);
      this.#refreshSometimes(nodes());
    };
    this.#timer = timers.after(random() * BACKGROUND_MS, look);
  }

  [Symbol.dispose](): void {
    this.#timer?.cancel();
  }

  /** Reads all leases, unless they were read a short time ago. */
  #refreshAll(): void {
    const maxAgeMs = Math.max(this.#options.nodeTtlMs / 3, this.#seen.size);
    if (this.#options.timers.nowMs() - this.#allReadMs >= maxAgeMs) this.#refresh(0, MAX_MEMBERS);
  }

  /** Reads so many leases, from a place in the list on. */
  #refresh(from: number, most: number): void {
    if (this.#isReading) return;
    this.#isReading = true;
    const nowMs = this.#readMs = this.#options.timers.nowMs();
    if (most === MAX_MEMBERS) this.#allReadMs = nowMs;
    this.#read(from, most).catch(() => {
      // They stay as they were; the log says what is wrong.
    }).finally(() => this.#isReading = false);
  }

  async #read(from: number, most: number): Promise<void> {
    const { access, keys, self } = this.#options;
    const reply = await access.callUntracked(["ZRANGE", keys.list, String(from), String(from + most - 1)]);
    const nodes = (Array.isArray(reply) ? reply : []).filter((node) => typeof node === "string");
    const isAll = from === 0 && nodes.length < most;
    const listed = nodes.filter((node) => node !== self) as string[];
    for (let at = 0; at < listed.length; at += BATCH) {
      const batch = listed.slice(at, at + BATCH);
      const values = await access.callUntracked(["MGET", ...batch.map((node) => keys.node(node))]);
      batch.forEach((node, i) => this.#note(node, Array.isArray(values) ? values[i] : null));
    }
    const left = new Set(listed);
    // Who was not read for long may be gone.
    const old = isAll
      ? this.#seen.keys().filter((node) => !left.has(node))
      : this.#seen.keys().take(Math.max(0, this.#seen.size - Math.max(most, SMALL_CLUSTER)));
    for (const node of [...old]) this.#seen.delete(node);
  }

  #note(node: string, value: unknown): void {
    const before = this.#seen.get(node);
    const record = typeof value === "string" ? parseNodeRecord(value) : null;
    // Nothing is known of one that was gone before it was seen.
    if (record === null && before === undefined) return;
    const state = record === null ? "down" : record.isDraining ? "draining" : "up";
    const sinceMs = before?.state === state
      ? before.sinceMs
      : before === undefined && state === "up"
      ? record?.startedMs ?? 0
      : this.#options.timers.wallMs();
    this.#seen.delete(node);
    this.#seen.set(node, { record: record ?? before!.record, state, sinceMs });
  }
}

function toMember(node: string, { record, state, sinceMs }: Seen): ClusterNode {
  return {
    id: bootOf(node),
    address: record.api,
    role: record.role,
    software: record.software,
    state,
    isSelf: false,
    stateSinceMs: sinceMs,
    startedMs: record.startedMs,
    load: state === "down" ? null : record.load,
    problem: state === "down"
      ? `the engine has not heard of it for longer than node_ttl: start it again, or see why it does not reach the engine`
      : "",
  };
}
