import { PlaylistWatch, readMediaPlaylist } from "./hls_rules.ts";

/** What came of a request for HLS. */
export interface HlsReply {
  readonly status: number;
  readonly text: string;
  /** SHA-256. */
  readonly hash: string;
}

/** Asks a server for an address below its root, as `/live/s.m3u8`. */
export type HlsAsk = (target: string) => Promise<HlsReply>;

/** SHA-256 in hexadecimal. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Asks a real server. @param base As `http://127.0.0.1:8080`. */
export function askOver(base: string, limitMs = 10_000): HlsAsk {
  return async (target) => {
    const answer = await fetch(`${base}${target}`, { signal: AbortSignal.timeout(limitMs) });
    const bytes = new Uint8Array(await answer.arrayBuffer());
    return { status: answer.status, text: new TextDecoder().decode(bytes), hash: await sha256(bytes) };
  };
}

/** A client of one server that reloads the playlist of a stream, fetches all that is listed, and judges both. */
export class HlsWatch {
  readonly name: string;
  /** Of segments, parts, heads and keys, by address. */
  readonly hashes = new Map<string, string>();
  /** What was refused, or differs from what the same address had before. */
  readonly troubles: string[] = [];
  /** Numbers, order and tags of the playlists. */
  readonly rules: PlaylistWatch;
  /** Highest number of each playlist. */
  readonly newest: number[] = [];
  /** And the lowest. */
  readonly first: number[] = [];
  /** The newest whole playlist. */
  lastText = "";
  /** Reloads that waited for three target durations in vain; so it has to be while nobody publishes. */
  overdue = 0;
  readonly #ask: HlsAsk;
  readonly #path: string;
  readonly #folder: string;
  #reloads = 0;
  #isOverdue = false;
  /** The oldest segment of the playlist before. */
  #oldest: string | null = null;

  /** @param path Of the playlist, with its query. */
  constructor(name: string, ask: HlsAsk, path: string) {
    this.name = name;
    this.#ask = ask;
    this.#path = path;
    this.#folder = path.slice(0, path.replace(/\?.*/, "").lastIndexOf("/") + 1);
    this.rules = new PlaylistWatch({ lenient: true });
  }

  /** Addresses of one kind that were fetched. */
  addresses(kind: "segment" | "part"): string[] {
    const pattern = kind === "part" ? /-\d+(?:_\w+)?\.\d+\.\w+(?:\?|$)/ : /-\d+(?:_\w+)?\.(?:ts|m4s)(?:\?|$)/;
    return [...this.hashes.keys()].filter((address) => pattern.test(address));
  }

  /** Reloads as a client of low latency does: waits for the next part; every third time a delta is enough. */
  async lookAhead(): Promise<void> {
    const last = this.lastText === "" ? null : readMediaPlaylist(this.lastText);
    if (last === null || last.hint === null || this.#isOverdue) return await this.look();
    const place = /-(\d+)(?:_\w+)?\.(\d+)\.\w+(?:\?|$)/.exec(last.hint);
    const skip = this.#reloads++ % 3 === 2 ? "&_HLS_skip=YES" : "";
    await Promise.all([
      this.look(`_HLS_msn=${place?.[1]}&_HLS_part=${place?.[2]}${skip}`),
      // Nobody promises that what is hinted at will be.
      this.#fetch(last.hint, false),
    ]);
  }

  /** Reloads the playlist, and fetches what is new in it. @param query Beyond that of its address. */
  async look(query = ""): Promise<void> {
    const way = query === "" ? "" : `${this.#path.includes("?") ? "&" : "?"}${query}`;
    const { status, text } = await this.#ask(`${this.#path}${way}`);
    this.#isOverdue = status === 503 && query.includes("_HLS_msn");
    if (this.#isOverdue) return void this.overdue++;
    if (status !== 200) return void this.troubles.push(`playlist ${query} ${status}`);
    this.rules.see(text);
    const playlist = readMediaPlaylist(text);
    if (playlist.skipped === 0) this.lastText = text;
    const { segments, openParts } = playlist;
    this.first.push(playlist.firstNumber);
    this.newest.push(segments.at(-1)?.number ?? -1);
    for (const { uri, isGap, map, key, parts } of segments) {
      for (const address of [map, key]) if (address !== null) await this.#fetch(address);
      for (const part of parts) await this.#fetch(part.uri);
      if (!isGap) await this.#fetch(uri);
    }
    for (const part of openParts) await this.#fetch(part.uri);
    await this.#fetchAgain(segments.find(({ isGap }) => !isGap)?.uri ?? null);
  }

  async #fetch(address: string, isListed = true): Promise<void> {
    if (this.hashes.has(address)) return;
    const { status, hash } = await this.#ask(`${this.#folder}${address}`);
    if (status === 200) this.#keep(address, hash);
    else if (isListed) this.troubles.push(`${address} ${status}`);
  }

  /** What has just left the playlist is still there, as it was. Source: RFC 8216 §6.2.2. */
  async #fetchAgain(oldest: string | null): Promise<void> {
    const left = this.#oldest;
    this.#oldest = oldest;
    if (left === null || left === oldest) return;
    const { status, hash } = await this.#ask(`${this.#folder}${left}`);
    if (status === 200) this.#keep(left, hash);
    else this.troubles.push(`${left} ${status}, right after it was listed`);
  }

  #keep(address: string, hash: string): void {
    const known = this.hashes.get(address) ?? hash;
    if (known !== hash) this.troubles.push(`${address} has two contents`);
    this.hashes.set(address, known);
  }
}

/** Addresses under which several servers gave other bytes; `shared` counts those that more than one of them had. */
export function compareHashes(watches: readonly Pick<HlsWatch, "name" | "hashes">[]): {
  shared: number;
  differing: string[];
} {
  const all = new Map<string, Map<string, string>>();
  for (const { name, hashes } of watches) {
    for (const [address, hash] of hashes) all.set(address, (all.get(address) ?? new Map()).set(name, hash));
  }
  const several = [...all].filter(([, byName]) => byName.size > 1);
  const differing = several.filter(([, byName]) => new Set(byName.values()).size > 1);
  const words = (byName: Map<string, string>) =>
    Array.from(byName, ([name, hash]) => `${name} ${hash.slice(0, 8)}`).join(", ");
  return { shared: several.length, differing: differing.map(([address, byName]) => `${address}: ${words(byName)}`) };
}
