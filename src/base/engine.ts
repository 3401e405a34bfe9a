/** What an engine answers: a text, a number, nothing, or a list of these. */
export type EngineReply = string | number | null | readonly EngineReply[];

/** Where an engine takes clients: Valkey, Redis from 6.2 on, or a Sentinel. */
export interface EngineEndpoint {
  readonly host: string;
  readonly port: number;
  /** Authorities, PEM, that are trusted besides the public ones; null for a connection without TLS. */
  readonly tls: { readonly caCerts: readonly string[] } | null;
  /** Empty for the engine's default user. */
  readonly username: string;
  /** Empty where the engine asks for none. */
  readonly password: string;
  readonly database: number;
  /** By this name the engine lists the connection. */
  readonly clientName: string;
  /**
   * Whether the engine is to tell of changes by others to all that this connection reads, but for what it reads behind
   * `CLIENT CACHING NO`. A Sentinel cannot.
   */
  readonly isTracked: boolean;
}

/** What a connection to an engine tells by itself. */
export interface EngineEvents {
  /** Somebody else changed these keys, or they have expired; null: all keys may have changed. */
  onChanged(keys: readonly string[] | null): void;
  /** The connection is over. Once, and not after it was disposed. */
  onEnd(reason: string): void;
}

/** A connection to an engine. */
export interface EngineLink extends Disposable {
  /**
   * Puts a command; the engine executes commands in the order of the calls.
   *
   * Rejects with {@link EngineRefusal} if the engine answers with an error, with {@link EngineUnavailable} if it does not
   * answer any more.
   */
  call(command: readonly string[]): Promise<EngineReply>;
}

/** Connects to an engine and logs in. Rejects with one of the two errors below, also when the signal aborts. */
export type OpenEngine = (
  endpoint: EngineEndpoint,
  events: EngineEvents,
  signal: AbortSignal,
) => Promise<EngineLink>;

/** The engine answers with an error. */
export class EngineRefusal extends Error {
  override readonly name = "EngineRefusal";

  /** The first word of the error, as `READONLY`. */
  get word(): string {
    return /^[A-Z]+\b/.exec(this.message)?.[0] ?? "";
  }
}

/** The engine cannot be asked, or does not answer. */
export class EngineUnavailable extends Error {
  override readonly name = "EngineUnavailable";
}
