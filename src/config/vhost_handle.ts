import type { Config, VhostConfig } from "./config.ts";

/** Whose configuration a reload replaces. */
export interface ConfigHolder {
  readonly config: Config;
}

/**
 * The vhost of one client, as it was when the client was admitted and as it is now.
 *
 * What runs longer than one moment keeps this and no {@link VhostConfig}: after a reload that would be the old one.
 */
export class VhostHandle {
  readonly admitted: VhostConfig;
  readonly #holder: ConfigHolder;
  #config: Config;
  #now: VhostConfig;

  /** @param admitted One of the vhosts of the holder's present configuration. */
  constructor(holder: ConfigHolder, admitted: VhostConfig) {
    this.#holder = holder;
    this.#config = holder.config;
    this.admitted = this.#now = admitted;
  }

  get name(): string {
    return this.admitted.name;
  }

  /** The vhost in force. One that a reload has removed stays as it last was. */
  get now(): VhostConfig {
    const { config } = this.#holder;
    // Asked for each read of a publisher's socket: vhosts are searched once after each reload.
    if (config !== this.#config) {
      this.#config = config;
      this.#now = config.vhosts.find(({ name }) => name === this.name) ?? this.#now;
    }
    return this.#now;
  }
}
