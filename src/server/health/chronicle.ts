import { onBeat, type TimerHandle, type Timers } from "../../base/clock.ts";
import { totalLoad } from "../../cluster/health/load_totals.ts";
import type { MemberBook } from "../../cluster/health/member_book.ts";
import type { ClientEntry, ClientRegistry } from "../client_registry.ts";
import { EventBook } from "./event_book.ts";
import { LoadHistory } from "./load_history.ts";
import { MemberChanges } from "./member_changes.ts";

/** What a chronicle is written from. */
export interface ChronicleServer {
  readonly timers: Timers;
  readonly registry: Pick<ClientRegistry, "onPublisher">;
  readonly health: { readonly book: Pick<MemberBook, "members"> };
}

/** How often the cluster is looked at; neither look nor events are on the way of the media. */
const SAMPLE_MS = 5000;

/** What happened of late, for people: the load of the cluster, and events of its streams and servers. */
export class Chronicle {
  readonly history = new LoadHistory();
  readonly events = new EventBook();
  readonly #server: ChronicleServer;
  readonly #changes = new MemberChanges();
  #timer: TimerHandle | null = null;

  constructor(server: ChronicleServer) {
    this.#server = server;
  }

  start(): void {
    const { timers, registry } = this.#server;
    registry.onPublisher = (client, isThere) => this.#onPublisher(client, isThere);
    this.#timer ??= onBeat(timers, SAMPLE_MS, () => this.sample());
    this.sample();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#server.registry.onPublisher = null;
  }

  /** Another server goes on with a stream that is pulled here. */
  onSwitched(key: string, upstream: string): void {
    this.events.addOfStream({ atMs: this.#server.timers.nowMs(), kind: "switched", subject: key, detail: upstream });
  }

  /** Looks at the cluster now. */
  sample(): void {
    const nowMs = this.#server.timers.nowMs();
    const members = this.#server.health.book.members();
    this.history.add(totalLoad(members), nowMs);
    for (const event of this.#changes.look(members, nowMs)) this.events.addOfServer(event);
  }

  #onPublisher({ url, ip }: ClientEntry, isThere: boolean): void {
    this.events.addOfStream({
      atMs: this.#server.timers.nowMs(),
      kind: isThere ? "published" : "unpublished",
      subject: url.key,
      detail: ip,
    });
  }
}
