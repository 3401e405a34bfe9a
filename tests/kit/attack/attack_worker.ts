/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
import { Prng } from "../media/mutate.ts";
import { type AttackedPorts, type HostileDialogue, HostileDialogues } from "./hostile_dialogue.ts";

/** What a thread of attackers is told. */
export interface AttackOrder {
  readonly ports: AttackedPorts;
  readonly captures: readonly Uint8Array<ArrayBuffer>[];
  readonly seed: number;
  /** Connections a second. */
  readonly rate: number;
  readonly forMs: number;
}

/** What it has done. */
export interface AttackCount {
  /** Connections by their kind. */
  readonly byKind: Readonly<Record<string, number>>;
  /** Of these, those that could not be made. */
  readonly unconnected: number;
}

const STEP_MS = 20;
/** Files that one process may open are bounded. */
const MAX_OPEN = 400;
const MAX_MS = 4000;

self.onmessage = async ({ data }: MessageEvent<AttackOrder>) => {
  self.postMessage(await attack(data));
};
self.postMessage(null);

async function attack({ ports, captures, seed, rate, forMs }: AttackOrder): Promise<AttackCount> {
  const dialogues = new HostileDialogues(new Prng(seed), ports, captures);
  const open = new Set<Promise<void>>();
  const byKind: Record<string, number> = {};
  let unconnected = 0;
  let made = 0;
  const startedMs = performance.now();
  for (let nowMs = startedMs; nowMs - startedMs < forMs; nowMs = performance.now()) {
    const due = Math.floor((nowMs - startedMs) / 1000 * rate);
    // What the machine cannot keep up with is left out.
    if (due - made > rate) made = due - rate;
    for (; made < due && open.size < MAX_OPEN; made++) {
      const dialogue = dialogues.next();
      byKind[dialogue.kind] = (byKind[dialogue.kind] ?? 0) + 1;
      const talk = say(dialogue).then((connected) => void (connected || unconnected++));
      open.add(talk);
      talk.then(() => open.delete(talk));
    }
    await new Promise((resolve) => setTimeout(resolve, STEP_MS));
  }
  await Promise.all(open);
  return { byKind, unconnected };
}

/** @returns Whether the server took the connection. */
async function say({ port, pieces, reads, lingerMs }: HostileDialogue): Promise<boolean> {
  let conn: Deno.TcpConn;
  try {
    conn = await Deno.connect({ hostname: "127.0.0.1", port });
  } catch {
    return false;
  }
  const timer = setTimeout(() => close(conn), MAX_MS);
  const reading = reads ? drain(conn) : Promise.resolve();
  try {
    for (const piece of pieces) {
      for (let at = 0; at < piece.length;) at += await conn.write(piece.subarray(at));
    }
    await new Promise((resolve) => setTimeout(resolve, lingerMs));
  } catch {
    // The server has had enough of it.
  }
  clearTimeout(timer);
  close(conn);
  await reading;
  return true;
}

async function drain(conn: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(64 * 1024);
  try {
    while (await conn.read(buffer) !== null);
  } catch {
    // It is closed, from this side or the other.
  }
}

function close(conn: Deno.TcpConn): void {
  try {
    conn.close();
  } catch {
    // It is closed.
  }
}
