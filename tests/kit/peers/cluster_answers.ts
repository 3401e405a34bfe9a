import { configOf } from "./fake_server.ts";
import { VhostHandle } from "../../../src/config/mod.ts";
import type {
  ClaimOptions,
  ClaimOutcome,
  ClusterNode,
  Owner,
  SegmentHolder,
  StreamDirectory,
  StreamRef,
} from "../../../src/cluster/directory.ts";
import { parseStreamUrl, type StreamUrl, withVhost } from "../../../src/rtmp/url.ts";

/** A stream of the default vhost, whose blocks are `vhost`. */
export function streamIn(vhost: string): { url: StreamUrl; vhost: VhostHandle } {
  const config = configOf(`vhost __defaultVhost__ { ${vhost} }`);
  const url = withVhost(parseStreamUrl("rtmp://10.0.0.1/live", "s"), "__defaultVhost__");
  return { url, vhost: new VhostHandle({ config }, config.vhosts[0]!) };
}

/** An origin that has a stream. */
export function ownerAt(ip: string, facts: Partial<Owner> = {}): Owner {
  return { ip, port: 1935, coworker: `${ip}:1985`, silentMs: 0, isDraining: false, ...facts };
}

/** A directory that answers what a test says. */
export class DirectoryAnswers implements StreamDirectory {
  #owners: readonly Owner[] = [];
  /** Streams that were looked for. */
  readonly found: string[] = [];
  /** Words of newer publishes: the stream and its epoch. */
  readonly rechecks: string[] = [];
  /** Claims that were made, and are not given up: the way to lose them. */
  readonly claims = new Set<ClaimOptions>();
  /** Claims whose publisher can be found. */
  announced = 0;
  refused = "";
  /** It covers all vhosts, edges too. */
  hasEngine = false;
  epoch = 1000;
  readonly #watchers = new Set<(owners: readonly Owner[]) => void>();

  /** Somebody has the stream now, or nobody any more: those who watch are told. */
  set owner(owner: Owner | null) {
    this.#owners = owner === null ? [] : [owner];
    if (owner !== null) { for (const watcher of [...this.#watchers]) watcher(this.#owners); }
  }

  get watcherCount(): number {
    return this.#watchers.size;
  }

  covers({ now: { cluster } }: VhostHandle): boolean {
    return this.hasEngine || (cluster.mode === "local" && cluster.originCluster);
  }

  find({ url }: StreamRef): Promise<readonly Owner[]> {
    this.found.push(url.key);
    return Promise.resolve(this.#owners);
  }

  watch(_stream: StreamRef, onOwners: (owners: readonly Owner[]) => void): Disposable {
    const watcher = (owners: readonly Owner[]) => onOwners(owners);
    this.#watchers.add(watcher);
    queueMicrotask(() => {
      if (this.#watchers.has(watcher) && this.#owners.length > 0) watcher(this.#owners);
    });
    return { [Symbol.dispose]: () => void this.#watchers.delete(watcher) };
  }

  async claim(stream: StreamRef, options: ClaimOptions): Promise<ClaimOutcome> {
    const [owner] = await this.find(stream);
    if (owner !== undefined && options.mode() === "first") return { takenBy: owner };
    this.claims.add(options);
    return {
      claim: {
        epoch: this.epoch++,
        announce: () => void this.announced++,
        [Symbol.dispose]: () => void this.claims.delete(options),
      },
    };
  }

  recheck({ url: { key } }: StreamRef, epoch: number): void {
    this.rechecks.push(`${key} ${epoch}`);
  }

  unasked(): string {
    return this.refused;
  }

  standIns(): Promise<readonly Owner[]> {
    return Promise.resolve([]);
  }

  segmentHolders(): Promise<readonly SegmentHolder[]> {
    return Promise.resolve([]);
  }

  members(): readonly ClusterNode[] {
    return [];
  }
}
