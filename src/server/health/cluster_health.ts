import type { AmfObject } from "../../amf/amf0.ts";
import type { EpochBook } from "../../cluster/epoch_book.ts";
import { configuredCoworkers, type CoworkerApi } from "../../cluster/health/coworker_apis.ts";
import { HealthWatch } from "../../cluster/health/health_watch.ts";
import { DownstreamBook } from "../../cluster/health/downstream_book.ts";
import { MemberBook } from "../../cluster/health/member_book.ts";
import type { Coworkers } from "../../cluster/mesh/coworkers.ts";
import { readNodeText, writeNodeText } from "../../cluster/health/node_facts.ts";
import type { Logger } from "../../base/log.ts";
import type { Timers } from "../../base/clock.ts";
import type { Tracer } from "../../base/trace.ts";
import type { World } from "../../base/world.ts";
import { NODE_MEMBER } from "../../rtmp/command.ts";
import { quietFetch } from "../../upstream/client/plain_fetch.ts";
import { NodeReporter } from "../../upstream/node_reporter.ts";
import type { PullRegistry } from "../../upstream/pull/pull_registry.ts";
import { SelfReport, type SelfReportServer } from "./self_report.ts";
import { UpstreamBook } from "./upstream_book.ts";

/** What the health of a cluster takes of a server. */
export interface HealthServer extends SelfReportServer {
  readonly world: World;
  readonly timers: Timers;
  readonly log: Logger;
  readonly pulls: Pick<PullRegistry, "pool">;
  /** Traces are on; default they are not. */
  readonly tracer?: Tracer | null;
  readonly mesh?: { readonly coworkers: Pick<Coworkers, "onDown" | "onUp"> };
  readonly epochs: Pick<EpochBook, "noteClock">;
}

/** Header by which a server of our kind tells who it is. */
export const NODE_HEADER = "x-srs-ts-node";
/** What this server knows of the others, and tells them of itself. */
export class ClusterHealth {
  readonly self: SelfReport;
  readonly watch: HealthWatch;
  readonly downstream: DownstreamBook;
  /** Reports to those that this server pulls from. */
  readonly reporter: NodeReporter;
  readonly book: MemberBook;

  /** @param list Whom to watch; by default the coworkers of the configuration in force. */
  constructor(server: HealthServer, list?: () => readonly CoworkerApi[]) {
    const { world, timers, log } = server;
    const self = this.self = new SelfReport(server);
    const watch = this.watch = new HealthWatch({
      log,
      self: () => self.facts(),
      onClock: (aheadMs) => server.epochs.noteClock(aheadMs),
      list: list ?? (() => configuredCoworkers(server.config)),
      onDown: (coworker, answers) => server.mesh?.coworkers.onDown(coworker, answers),
      onUp: (coworker, isOther) => server.mesh?.coworkers.onUp(coworker, isOther),
      world: {
        fetch: quietFetch(world, server.tracer ?? null),
        connect: (endpoint, signal) => world.connect(endpoint, signal),
        random: () => world.random(),
        randomBytes: (count) => world.randomBytes(count),
        wallMs: () => world.wallMs(),
        nowMs: () => timers.nowMs(),
        after: (delayMs, fn) => timers.after(delayMs, fn),
      },
    });
    const isTaken = (instance: string) => instance === server.identity.serviceId || watch.knows(instance);
    const downstream = this.downstream = new DownstreamBook(timers, isTaken);
    this.reporter = new NodeReporter(timers, () => writeNodeText(self.facts()));
    const upstreams = new UpstreamBook(server, this.reporter);
    this.book = new MemberBook({
      self: () => self.facts(),
      coworkers: () => watch.all(),
      upstreams: () => upstreams.all(),
      downstream: () => downstream.all(),
    });
  }

  start(): void {
    this.watch.start();
  }

  async stop(): Promise<void> {
    await this.watch.stop();
  }

  /** Argument of `connect` that tells a server who connects. */
  connectMember(): AmfObject {
    return { [NODE_MEMBER]: writeNodeText(this.self.facts()) };
  }

  /** The same over HTTP. */
  connectHeader(): readonly [name: string, value: string] {
    return [NODE_HEADER, writeNodeText(this.self.facts())];
  }

  /** Member of the answer to a server of our kind: anybody can claim to be one. */
  answerMember(): AmfObject {
    return { [NODE_MEMBER]: writeNodeText(this.self.name()) };
  }

  /** A client says in its `connect` that it is a server. */
  greet(text: unknown, ip: string): void {
    const facts = readNodeText(text);
    if (facts !== null) this.downstream.greet(facts, ip);
  }

  /** A client reports that it is a server, and how it is. */
  hear(text: unknown, ip: string): void {
    const facts = readNodeText(text);
    if (facts !== null) this.downstream.hear(facts, ip);
  }

  /** The same of a client over HTTP, which cannot report again; null if it says nothing. */
  hold(text: unknown, ip: string): Disposable | null {
    const facts = readNodeText(text);
    return facts === null ? null : this.downstream.hold(facts, ip);
  }
}
