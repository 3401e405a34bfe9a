import type { Clock } from "../../base/clock.ts";
import type { UpstreamServer } from "../../cluster/health/member_book.ts";
import { readNodeText } from "../../cluster/health/node_facts.ts";
import type { Config } from "../../config/mod.ts";
import type { NodeReporter } from "../../upstream/node_reporter.ts";
import { type OriginHealth, REMEMBER_FAILURE_MS } from "../../upstream/origin_pool.ts";
import { originTargets } from "../../upstream/target.ts";

/** What the book takes of a server. */
export interface UpstreamBookServer {
  readonly config: Config;
  readonly timers: Clock;
  readonly pulls: { readonly pool: { table(): Iterable<OriginHealth> } };
}

const protocols = ["rtmp", "flv", "flvs"] as const;

/** The origins that an edge pulls from, as its pulls found them: nobody is asked for it. */
export class UpstreamBook {
  readonly #server: UpstreamBookServer;
  readonly #reporter: Pick<NodeReporter, "answered">;
  readonly #states = new Map<string, { readonly isDown: boolean; readonly sinceMs: number }>();

  constructor(server: UpstreamBookServer, reporter: Pick<NodeReporter, "answered">) {
    this.#server = server;
    this.#reporter = reporter;
  }

  /** The configured origins that were asked for a stream, as far as that is not long ago. */
  all(): UpstreamServer[] {
    const { config, pulls: { pool }, timers } = this.#server;
    const nowMs = timers.nowMs();
    const configured = configuredOrigins(config);
    return [...pool.table()].filter(({ origin }) => configured.has(origin)).flatMap((health) => {
      const { origin, failures, pulls, lastError, restUntilMs } = health;
      const answered = this.#reporter.answered(origin);
      const isDown = failures > 0 && pulls === 0;
      // Without players nobody asks again: what was so a while ago need not be so now.
      if (isDown ? nowMs - restUntilMs > REMEMBER_FAILURE_MS : pulls === 0 && answered === undefined) return [];
      const { software = "", words = "" } = answered ?? {};
      return [{
        text: origin,
        facts: readNodeText(words),
        software,
        failure: isDown ? lastError : "",
        sinceMs: this.#since(origin, isDown, answered?.sinceMs ?? nowMs),
      }];
    });
  }

  /** @param firstMs For one that was not looked at before. */
  #since(origin: string, isDown: boolean, firstMs: number): number {
    const before = this.#states.get(origin);
    if (before?.isDown === isDown) return before.sinceMs;
    const sinceMs = before === undefined ? firstMs : this.#server.timers.nowMs();
    this.#states.set(origin, { isDown, sinceMs });
    return sinceMs;
  }
}

function configuredOrigins({ vhosts }: Config): ReadonlySet<string> {
  const remote = vhosts.filter(({ enabled, cluster }) => enabled && cluster.mode === "remote");
  return new Set(
    remote.flatMap(({ cluster }) =>
      protocols.flatMap((protocol) => originTargets(cluster, protocol).map(({ text }) => text))
    ),
  );
}
