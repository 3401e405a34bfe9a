import { EpochBook } from "../../../src/cluster/epoch_book.ts";
import { loadConfig, requireConfig, VhostHandle } from "../../../src/config/mod.ts";
import { parseStreamUrl, withVhost } from "../../../src/rtmp/url.ts";
import { LiveSource } from "../../../src/stream/live_source.ts";
import type { UpstreamEnvironment } from "../../../src/upstream/environment.ts";
import { PullRegistry } from "../../../src/upstream/pull/pull_registry.ts";
import type { PullRequest } from "../../../src/upstream/pull/pull_request.ts";
import { networkOf } from "../../../src/net/network.ts";
import { parseTarget, type PullTarget } from "../../../src/upstream/target.ts";
import { sourceOptions } from "../media/packets.ts";
import { TestPlayer } from "./test_player.ts";
import { TestLog } from "../test_log.ts";
import { MemoryNetwork } from "../memory/memory_network.ts";
import { MemoryOrigin, type OnAsked } from "../memory/memory_origin.ts";

/** An edge's side of pulls, without the edge: one stream, its player, and origins in memory on manual time. */
export class PullRig {
  readonly network = new MemoryNetwork();
  readonly timers = this.network.timers;
  /** The network as the edge sees it. Pauses are spread by nothing. */
  readonly edge = { ...networkOf(this.network.host("10.0.0.99")), random: () => 0.5 };
  readonly log = new TestLog();
  readonly registry: PullRegistry;
  readonly source: LiveSource;
  readonly player: TestPlayer;
  readonly targets: PullTarget[];
  readonly request: PullRequest;

  /** @param directives Of the vhost's cluster. */
  constructor(addresses: readonly string[], directives = "") {
    this.registry = new PullRegistry({
      ...this.edge,
      timers: this.timers,
      log: this.log,
      epochs: new EpochBook({ nowMs: () => this.timers.nowMs(), wallMs: () => this.timers.nowMs() }),
      newCid: () => "pull",
      connectArgs: () => ({}),
      httpHeaders: () => [],
    });
    this.source = new LiveSource("/live/s", { ...sourceOptions, mwLatencyMs: 0 }, this.timers, () => {});
    this.player = new TestPlayer(this.source);
    this.targets = addresses.map((address) => parseTarget(address)!);
    this.request = pullRequest(`cluster { mode remote; origin ${addresses.join(" ")}; ${directives} }`, this.targets);
  }

  get environment(): UpstreamEnvironment {
    return this.registry.environment;
  }

  /** What the pull of the stream does. */
  get state() {
    return this.registry.states()[0];
  }

  origin(address: string, onAsked?: OnAsked): MemoryOrigin {
    return new MemoryOrigin(this.network, address, onAsked);
  }

  /** Lets `ms` pass. */
  run(ms: number): Promise<void> {
    return this.timers.run(ms);
  }
}

function pullRequest(directives: string, targets: readonly PullTarget[]): PullRequest {
  const text = `listen 1935; vhost __defaultVhost__ { ${directives} }`;
  const config = requireConfig(loadConfig({ path: "test.conf", text }));
  const url = withVhost(parseStreamUrl("rtmp://edge/live", "s"), "__defaultVhost__");
  return {
    url,
    vhost: new VhostHandle({ config }, config.vhosts[0]!),
    pageUrl: "",
    swfUrl: "",
    via: [],
    protocol: "rtmp",
    findTargets: () => Promise.resolve(targets),
  };
}
