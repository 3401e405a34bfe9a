import type { createClient, RedisClientOptions } from "@redis/client";
import {
  type EngineEndpoint,
  type EngineEvents,
  type EngineLink,
  EngineRefusal,
  type EngineReply,
  EngineUnavailable,
} from "../base/engine.ts";

type Client = ReturnType<typeof createClient>;

/** Commands that wait for their answers; a server asks much less at a time. */
const MAX_PENDING = 20_000;
/** Longer than callers wait: they give up by their signals. */
const CONNECT_TIMEOUT_MS = 3500;

let library: Promise<Library> | undefined;

interface Library {
  /** A client takes its options from here; those of its class are the same for all. */
  readonly newClient: (options: RedisClientOptions) => Client;
  readonly ErrorReply: new () => Error;
}

/** The library makes a class of hundreds of methods for each call of `createClient`: tens of milliseconds. */
async function loadLibrary(): Promise<Library> {
  const { RedisClient, ErrorReply } = await import("@redis/client");
  return { newClient: RedisClient.factory(), ErrorReply };
}

/** Connects to an engine with the public client library, which is loaded at the first call. */
export async function openEngine(
  endpoint: EngineEndpoint,
  events: EngineEvents,
  signal: AbortSignal,
): Promise<EngineLink> {
  const { newClient, ErrorReply } = await (library ??= loadLibrary());
  const { isTracked } = endpoint;
  const client = newClient({
    RESP: 3,
    emitInvalidate: isTracked,
    ...(endpoint.password === "" ? {} : { username: endpoint.username || "default", password: endpoint.password }),
    ...(isTracked ? { name: endpoint.clientName, database: endpoint.database } : {}),
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: "disabled",
    commandsQueueMaxLength: MAX_PENDING,
    commandOptions: { timeout: 0 },
    socket: {
      host: endpoint.host,
      port: endpoint.port,
      connectTimeout: CONNECT_TIMEOUT_MS,
      // Who asks decides when to connect anew, and to whom.
      reconnectStrategy: false,
      ...(endpoint.tls === null ? {} : { tls: true, ca: [...endpoint.tls.caCerts] }),
    },
  });
  const toError = (error: unknown) => {
    const text = error instanceof Error ? error.message : String(error);
    return error instanceof ErrorReply ? new EngineRefusal(text) : new EngineUnavailable(text);
  };
  let isOver = false;
  const call = async (command: readonly string[]): Promise<EngineReply> => {
    try {
      return await client.sendCommand<EngineReply>(command);
    } catch (error) {
      throw toError(error);
    }
  };
  const end = () => {
    isOver = true;
    client.destroy();
  };
  let reason = "the connection broke";
  client.on("error", (error: Error) => reason = error.message);
  try {
    await connect(client, signal);
    if (isTracked) {
      await call(["CLIENT", "TRACKING", "OFF"]);
      await call(["CLIENT", "TRACKING", "ON", "OPTOUT", "NOLOOP"]);
    }
    signal.throwIfAborted();
  } catch (error) {
    end();
    throw signal.aborted ? new EngineUnavailable("no answer to the connection") : toError(error);
  }
  client.on("invalidate", (key: unknown) => events.onChanged(key === null ? null : [String(key)]));
  client.on("terminated", () => {
    if (isOver) return;
    isOver = true;
    // The library tells of the error right after this.
    queueMicrotask(() => events.onEnd(reason));
  });
  return { call, [Symbol.dispose]: () => isOver ? undefined : end() };
}

/** The library knows no signal here: whoever aborts does not wait for it, and ends it. */
async function connect(client: Client, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    const connecting = client.connect();
    connecting.catch(() => {});
    await Promise.race([connecting, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
