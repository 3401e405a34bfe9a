import type { Timers } from "../../../src/base/clock.ts";
import {
  type EngineEndpoint,
  type EngineEvents,
  type EngineLink,
  EngineRefusal,
  type EngineReply,
  EngineUnavailable,
  type OpenEngine,
} from "../../../src/base/engine.ts";
import { type ScriptHost, scriptOf } from "./simulated_scripts.ts";

interface Value {
  text: string;
  /** Infinity where it lives for ever. */
  untilMs: number;
}

class SimulatedLink {
  /** What is read next is not tracked. */
  isUntracked = false;
  isOver = false;

  constructor(readonly endpoint: EngineEndpoint, readonly events: EngineEvents) {}
}

/**
 * An engine on the clock of a test, as far as the directory needs one: keys that expire, tracking with `OPTOUT` and
 * `NOLOOP`, the directory's scripts. It can die, hang, be slow, refuse to write, and lose its memory.
 */
export class SimulatedEngine {
  readonly #timers: Timers;
  #values = new Map<string, Value>();
  #lists = new Map<string, Map<string, number>>();
  readonly #links = new Set<SimulatedLink>();
  #tracked = new Map<string, Set<SimulatedLink>>();
  #waiting: (() => void)[] = [];
  #isHanging = false;
  #knowsScripts = new Set<string>();
  isDown = false;
  isReadOnly = false;
  /** How long an answer takes. */
  latencyMs = 0;
  /** How far its clock is ahead. */
  clockAheadMs = 0;
  /** Commands that it executed, each with its first word, those inside of scripts not among them. */
  readonly commands: string[] = [];
  /** Keys that were read by `MGET`. */
  keysReadInLists = 0;
  /** As a Sentinel: where the engines are that it knows by name. */
  readonly primaries = new Map<string, { host: string; port: number }>();

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  get linkCount(): number {
    return this.#links.size;
  }

  /** Names of the connections. */
  get clients(): string[] {
    return Array.from(this.#links, ({ endpoint }) => endpoint.clientName);
  }

  get keys(): string[] {
    return [...this.#values.keys()].filter((key) => this.#get(key) !== null).sort();
  }

  value(key: string): string | null {
    return this.#get(key);
  }

  /** Somebody else writes. */
  write(key: string, text: string): void {
    this.#set(key, text, Infinity, null);
  }

  /** Somebody else puts something on a list. */
  enlist(key: string, member: string): void {
    const list = this.#lists.get(key) ?? new Map<string, number>();
    this.#lists.set(key, list.set(member, this.#timers.nowMs() + 1e9));
  }

  /** Loses a key, and tells nobody. */
  lose(key: string): void {
    this.#values.delete(key);
  }

  /** As by `kill -9` of one that writes nothing to a disk. */
  die(): void {
    this.isDown = true;
    this.#isHanging = false;
    this.#waiting = [];
    this.#values.clear();
    this.#lists.clear();
    this.#knowsScripts.clear();
    this.cut();
  }

  /** Ends all connections. */
  cut(): void {
    this.#tracked.clear();
    for (const link of [...this.#links]) this.#end(link, "the engine ended the connection");
  }

  /** Forgets everything, as by `FLUSHALL`. */
  flush(): void {
    this.#values.clear();
    this.#lists.clear();
    this.#tracked.clear();
    for (const link of this.#links) this.#tell(link, null);
  }

  /** From now on nothing is answered, and nobody is let in, but nothing is lost either. */
  hang(): void {
    this.#isHanging = true;
  }

  resume(): void {
    this.#isHanging = false;
    for (const go of this.#waiting.splice(0)) go();
  }

  /** What a replica has of it becomes another engine's memory. */
  copyTo(other: SimulatedEngine): void {
    other.#values = new Map([...this.#values].map(([key, value]) => [key, { ...value }]));
    other.#lists = new Map([...this.#lists].map(([key, list]) => [key, new Map(list)]));
  }

  async open(endpoint: EngineEndpoint, events: EngineEvents, signal: AbortSignal): Promise<EngineLink> {
    await Promise.resolve();
    if (this.isDown) throw new EngineUnavailable("connection refused");
    const link = new SimulatedLink(endpoint, events);
    if (this.#isHanging) await this.#turn(signal);
    if (this.isDown || signal.aborted) throw new EngineUnavailable("connection refused");
    this.#links.add(link);
    return { call: (command) => this.#call(link, command), [Symbol.dispose]: () => void this.#forget(link) };
  }

  async #turn(signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    signal.addEventListener("abort", () => reject(new EngineUnavailable("no answer to the connection")));
    await promise;
  }

  #call(link: SimulatedLink, command: readonly string[]): Promise<EngineReply> {
    if (link.isOver) return Promise.reject(new EngineUnavailable("the connection is over"));
    const { promise, resolve, reject } = Promise.withResolvers<EngineReply>();
    const execute = () => {
      if (link.isOver) return reject(new EngineUnavailable("the connection is over"));
      try {
        const reply = this.#execute(link, command);
        if (this.latencyMs === 0) resolve(reply);
        else this.#timers.after(this.latencyMs, () => resolve(reply));
      } catch (error) {
        reject(error);
      }
    };
    if (this.#isHanging) this.#waiting.push(execute);
    else execute();
    return promise;
  }

  #execute(link: SimulatedLink, [name = "", ...args]: readonly string[]): EngineReply {
    this.commands.push(`${name} ${args[0]}`);
    if (name === "CLIENT") {
      link.isUntracked = args.join(" ") === "CACHING NO";
      return "OK";
    }
    const tracks = link.endpoint.isTracked && !link.isUntracked;
    link.isUntracked = false;
    const get = (key: string) => {
      if (tracks) this.#track(link, key);
      return this.#get(key);
    };
    const [key = ""] = args;
    switch (name) {
      case "GET":
        return get(key);
      case "MGET":
        this.keysReadInLists += args.length;
        return args.map(get);
      case "ROLE":
        return [this.isReadOnly ? "slave" : "master"];
      case "ZRANGE":
        return [...this.#lists.get(key) ?? []].sort(([, a], [, b]) => a - b).map(([member]) => member)
          .slice(Number(args[1]), Number(args[2]) + 1);
      case "SENTINEL":
        return this.#askSentinel(args[1] ?? "");
    }
    if (this.isReadOnly) throw new EngineRefusal("READONLY You can't write against a read only replica.");
    const host = this.#host(link);
    switch (name) {
      case "SET": {
        const before = this.#get(key);
        host.set(key, args[1] ?? "", Number(args[3]));
        return before;
      }
      case "DEL":
        host.remove(key);
        return 1;
      case "ZREM":
        return this.#lists.get(key)?.delete(args[1] ?? "") ? 1 : 0;
      case "EVAL":
      case "EVALSHA":
        return this.#run(name, host, args);
    }
    throw new EngineRefusal(`ERR unknown command '${name}'`);
  }

  #run(name: string, host: ScriptHost, [script = "", count, ...rest]: readonly string[]): EngineReply {
    const run = scriptOf(script);
    if (run === undefined) throw new EngineRefusal("ERR no script of the directory");
    if (name === "EVALSHA" && !this.#knowsScripts.has(script)) {
      this.#knowsScripts.add(script);
      throw new EngineRefusal("NOSCRIPT No matching script.");
    }
    return run(host, rest.slice(0, Number(count)), rest.slice(Number(count)));
  }

  #host(link: SimulatedLink): ScriptHost {
    const list = (key: string) => {
      const found = this.#lists.get(key) ?? new Map<string, number>();
      this.#lists.set(key, found);
      return found;
    };
    return {
      get: (key) => this.#get(key),
      set: (key, text, ttlMs) => this.#set(key, text, ttlMs === null ? Infinity : this.#timers.nowMs() + ttlMs, link),
      expire: (key, ttlMs) => this.#set(key, this.#get(key) ?? "", this.#timers.nowMs() + ttlMs, link),
      remove: (key) => {
        this.#values.delete(key);
        this.#invalidate(key, link);
      },
      listAdd: (key, member, score) => void list(key).set(member, score),
      listTrim: (key, score) => {
        for (const [member, at] of list(key)) if (at <= score) list(key).delete(member);
        return list(key).size;
      },
      // As its scripts have it: whole milliseconds.
      timeMs: Math.floor(this.#timers.nowMs() + this.clockAheadMs),
    };
  }

  #askSentinel(name: string): EngineReply {
    const found = this.primaries.get(name);
    return found === undefined ? null : [found.host, String(found.port)];
  }

  #get(key: string): string | null {
    const value = this.#values.get(key);
    return value === undefined || value.untilMs <= this.#timers.nowMs() ? null : value.text;
  }

  #set(key: string, text: string, untilMs: number, by: SimulatedLink | null): void {
    const value = { text, untilMs };
    this.#values.set(key, value);
    this.#invalidate(key, by);
    if (untilMs === Infinity) return;
    this.#timers.after(untilMs - this.#timers.nowMs(), () => {
      if (this.#values.get(key) !== value) return;
      this.#values.delete(key);
      this.#invalidate(key, null);
    });
  }

  #track(link: SimulatedLink, key: string): void {
    const links = this.#tracked.get(key) ?? new Set();
    this.#tracked.set(key, links.add(link));
  }

  /** Who has read the key is told once, but for whoever changed it. */
  #invalidate(key: string, by: SimulatedLink | null): void {
    const links = this.#tracked.get(key);
    this.#tracked.delete(key);
    for (const link of links ?? []) if (link !== by) this.#tell(link, [key]);
  }

  #tell(link: SimulatedLink, keys: readonly string[] | null): void {
    const tell = () => link.isOver ? undefined : link.events.onChanged(keys);
    if (this.#isHanging) this.#waiting.push(tell);
    else queueMicrotask(tell);
  }

  #end(link: SimulatedLink, reason: string): void {
    if (this.#forget(link)) queueMicrotask(() => link.events.onEnd(reason));
  }

  #forget(link: SimulatedLink): boolean {
    link.isOver = true;
    return this.#links.delete(link);
  }
}

/** The way to several engines, by `host:port`. */
export function openSimulated(engines: Readonly<Record<string, SimulatedEngine>>): OpenEngine {
  return (endpoint, events, signal) => {
    const engine = engines[`${endpoint.host}:${endpoint.port}`];
    if (engine === undefined) return Promise.reject(new EngineUnavailable("no such host"));
    return engine.open(endpoint, events, signal);
  };
}
