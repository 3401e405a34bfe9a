import type { Logger } from "../../base/log.ts";
import type { World } from "../../base/world.ts";
import type { Config } from "../../config/mod.ts";
import type { ServerAddress } from "../directory.ts";
import type { NodeRecord } from "./node_record.ts";
import { ValkeyDirectory } from "./valkey_directory.ts";

/** What a server gives to its directory in an engine. */
export interface OpenDirectoryOptions {
  readonly world: Pick<World, "openEngine" | "random" | "nowMs" | "wallMs" | "after">;
  readonly log: Logger;
  /** Authorities, PEM, that are trusted besides the public ones. */
  readonly caCerts: () => readonly string[];
  /** Stays the same over restarts: SRS's `server_id`. */
  readonly name: string;
  /** New with each start: SRS's `service_id`. */
  readonly instance: string;
  /** What the others are told of this server; asked for at each renewal of its lease. */
  readonly facts: () => Omit<NodeRecord, "region">;
  /** Whether a server that has a lease has ended without a word. */
  readonly isGone: (server: ServerAddress) => Promise<boolean>;
}

/**
 * The directory that a configuration asks for; null if it asks for none. {@link ValkeyDirectory.start} is next, and
 * {@link ValkeyDirectory.stop} ends it.
 */
export function openDirectory(config: Config["directory"], options: OpenDirectoryOptions): ValkeyDirectory | null {
  const { enabled, url } = config;
  if (!enabled || url === null) return null;
  return new ValkeyDirectory({ ...options, config: { ...config, url } });
}
