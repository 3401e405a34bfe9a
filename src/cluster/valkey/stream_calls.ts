import type { EngineReply } from "../../base/engine.ts";
import type { ClaimMode, Owner } from "../directory.ts";
import type { EngineAccess } from "./engine_access.ts";
import { type EngineKeys, parseStreamRecord, type StreamRecord } from "./keys.ts";
import { ownerOf, parseNodeRecord } from "./node_record.ts";
import { claimScript, holdScript, releaseScript } from "./scripts.ts";

/** How long a stream's key lives that nobody refreshes. */
const STREAM_TTL_MS = 900_000;
/** Epochs further ahead of the engine's clock are not believed. */
const MAX_AHEAD_MS = 60_000;

/** Options of {@link StreamCalls}. */
export interface StreamCallsOptions {
  readonly access: EngineAccess;
  readonly keys: EngineKeys;
  /** Id of this server's node. */
  readonly self: string;
  /** URL of the engine, as it may be shown. */
  readonly engine: string;
}

/** A stream and the epoch of its publish here. */
export interface HeldStream {
  readonly key: string;
  readonly epoch: number;
}

/** What the engine says of a claim. */
export type ClaimAnswer = { readonly epoch: number } | TakenAnswer;

/** Another server has the stream. */
export interface TakenAnswer {
  readonly taken: true;
  /** Id of the owner's node. */
  readonly node: string;
  /** Null if its lease cannot be read. */
  readonly owner: Owner | null;
}

/** What a server asks an engine about streams of its own. All of it rejects as {@link EngineAccess.call} does. */
export class StreamCalls {
  readonly #options: StreamCallsOptions;

  constructor(options: StreamCallsOptions) {
    this.#options = options;
  }

  /** Claims a stream. @param onLate Told of an answer after the time-out. @returns Null if the answer makes no sense. */
  async claim(
    { key, epoch }: HeldStream,
    mode: ClaimMode,
    onLate: (answer: ClaimAnswer | null) => void,
  ): Promise<ClaimAnswer | null> {
    const { access, keys, self } = this.#options;
    const args = [self, mode, String(STREAM_TTL_MS), keys.nodes, keys.mailboxes, String(epoch)];
    const reply = await access.run(claimScript, [keys.stream(key), keys.floor], args, {
      onLate: (late) => onLate(this.#read(late)),
    });
    return this.#read(reply);
  }

  /** Keeps streams, or takes them again. @returns An answer for each; null for one that makes no sense. */
  async hold(streams: readonly HeldStream[]): Promise<readonly (ClaimAnswer | null)[]> {
    const { access, keys, self } = this.#options;
    const args = [self, String(STREAM_TTL_MS), keys.nodes, keys.mailboxes, String(MAX_AHEAD_MS)];
    const names = streams.map(({ key }) => keys.stream(key));
    const reply = await access.run(holdScript, names, [...args, ...streams.map(({ epoch }) => String(epoch))]);
    const answers = Array.isArray(reply) ? reply : [];
    return streams.map((_, at) => this.#read(answers[at] ?? null));
  }

  /** Whether the engine has each of these as they are here. Costs it a tenth of what {@link hold} does. */
  async has(streams: readonly HeldStream[]): Promise<readonly boolean[]> {
    const { access, keys } = this.#options;
    const reply = await access.callUntracked(["MGET", ...streams.map(({ key }) => keys.stream(key))]);
    const values = Array.isArray(reply) ? reply : [];
    return streams.map((stream, at) => {
      const text = values[at];
      return this.#isIn(stream, typeof text === "string" ? parseStreamRecord(text) : null);
    });
  }

  /** Gives streams up. */
  async release(streams: readonly string[]): Promise<void> {
    const { access, keys, self } = this.#options;
    await access.run(releaseScript, [keys.floor, ...streams.map((key) => keys.stream(key))], [self]);
  }

  #isIn({ epoch }: HeldStream, record: StreamRecord | null): boolean {
    return record?.node === this.#options.self && record.epoch === epoch;
  }

  #read(reply: EngineReply): ClaimAnswer | null {
    const [isOwn, text, lease] = Array.isArray(reply) ? reply : [];
    if (isOwn === 1) return { epoch: Number(text) };
    if (isOwn !== 0) return null;
    const record = typeof text === "string" ? parseStreamRecord(text) : null;
    const node = typeof lease === "string" ? parseNodeRecord(lease) : null;
    return {
      taken: true,
      node: record?.node ?? "",
      owner: record === null || node === null ? null : ownerOf(record, node, this.#options.engine),
    };
  }
}
