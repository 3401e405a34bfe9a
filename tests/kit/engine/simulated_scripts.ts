import {
  claimScript,
  type EngineScript,
  enrolScript,
  holdScript,
  releaseScript,
} from "../../../src/cluster/valkey/scripts.ts";
import type { EngineReply } from "../../../src/base/engine.ts";

/** What a script may do with an engine. */
export interface ScriptHost {
  get(key: string): string | null;
  set(key: string, value: string, ttlMs: number | null): void;
  expire(key: string, ttlMs: number): void;
  remove(key: string): void;
  listAdd(key: string, member: string, score: number): void;
  /** Takes those off with no higher score. @returns How many are left. */
  listTrim(key: string, score: number): number;
  readonly timeMs: number;
}

type Run = (host: ScriptHost, keys: readonly string[], args: readonly string[]) => EngineReply;

function read(host: ScriptHost, key: string): { held: string | null; epoch: number; owner: string } {
  const held = host.get(key);
  const bar = held?.indexOf("|") ?? -1;
  if (held === null || bar < 0) return { held, epoch: 0, owner: "" };
  return { held, epoch: Number(held.slice(0, bar)) || 0, owner: held.slice(bar + 1) };
}

const claim: Run = (host, [key = "", floorKey = ""], [self = "", mode, ttl, nodes = "", mailboxes = "", known]) => {
  const { held, epoch, owner } = read(host, key);
  const lease = held !== null && owner !== self && mode === "first" ? host.get(nodes + owner) : null;
  if (lease !== null) return [0, held, lease];
  const floor = Number(host.get(floorKey) ?? 0);
  const own = Math.max(epoch + 1, host.timeMs, floor, Number(known) + 1);
  host.set(key, `${own}|${self}`, Number(ttl));
  if (owner !== "" && owner !== self) host.set(mailboxes + owner, key, 60_000);
  return [1, String(own)];
};

const hold: Run = (host, keys, [self = "", ttl, nodes = "", mailboxes = "", ahead, ...epochs]) =>
  keys.map((key, at) => {
    const { held, epoch, owner } = read(host, key);
    let own = Math.min(Number(epochs[at]), host.timeMs + Number(ahead));
    const isOlder = owner !== self && (epoch > own || (epoch === own && owner > self));
    const lease = isOlder ? host.get(nodes + owner) : null;
    if (lease !== null) return [0, held, lease];
    if (owner === self && epoch === own) host.expire(key, Number(ttl));
    else {
      if (epoch >= own) own = owner === self ? epoch : epoch + 1;
      host.set(key, `${own}|${self}`, Number(ttl));
      if (owner !== "" && owner !== self) host.set(mailboxes + owner, key, 60_000);
    }
    return [1, String(own)];
  });

const release: Run = (host, [floorKey = "", ...keys], [self]) => {
  let count = 0;
  for (const key of keys) {
    const { held, epoch, owner } = read(host, key);
    if (held !== null && owner !== self) continue;
    host.set(key, "0|", 60_000);
    if (held === null) continue;
    if (epoch + 1 > Number(host.get(floorKey) ?? 0)) host.set(floorKey, String(epoch + 1), null);
    count++;
  }
  return count;
};

const enrol: Run = (host, keys, [self = "", text = "", ttl, keep, isFirst, nodes = "", bells = ""]) => {
  const [lease = "", list = "", startKey = ""] = keys;
  const before = host.get(lease);
  host.set(lease, text, Number(ttl));
  const last = host.get(startKey);
  const ends = last !== null && last !== self && isFirst === "1";
  if (ends) {
    host.remove(nodes + last);
    host.set(bells + last, "1", 60_000);
  }
  if (last === null || last === self || ends) host.set(startKey, self, Number(keep));
  host.listAdd(list, self, host.timeMs);
  return [before === null ? 0 : 1, host.listTrim(list, host.timeMs - Number(keep))];
};

const scripts = new Map<EngineScript, Run>([
  [claimScript, claim],
  [holdScript, hold],
  [releaseScript, release],
  [enrolScript, enrol],
]);

/** The program's scripts in this language, by digest or text; undefined for others. */
export function scriptOf(digestOrText: string): Run | undefined {
  return [...scripts].find(([{ sha1, lua }]) => digestOrText === sha1 || digestOrText === lua)?.[1];
}
