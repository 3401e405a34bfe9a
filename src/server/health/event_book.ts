/** What can happen to a stream. */
export type StreamEventKind = "published" | "unpublished" | "switched";
/** What can happen to a server of the cluster: `found` and `left` are its first and last sight. */
export type ServerEventKind = "found" | "up" | "down" | "draining" | "restarted" | "left";

/** Something that happened. */
export interface ClusterEvent {
  /** Another one for each event; the later the higher. */
  readonly id: number;
  /** Unix time in ms. */
  readonly atMs: number;
  readonly kind: StreamEventKind | ServerEventKind;
  /** Key of the stream, or name of the server. */
  readonly subject: string;
  /** Who publishes, which server feeds the stream now, or what is wrong; may be empty. */
  readonly detail: string;
}

/** What an event is made of. */
export type NewEvent<Kind> = Pick<ClusterEvent, "atMs" | "subject" | "detail"> & { readonly kind: Kind };

/** Both together are the last 200. One who publishes over and over does not push out what happened to servers. */
const MAX_STREAM_EVENTS = 140;
const MAX_SERVER_EVENTS = 60;
/** Peers choose names. */
const MAX_TEXT = 300;

/** The latest events of streams and servers, as this server saw them. */
export class EventBook {
  readonly #ofStreams: ClusterEvent[] = [];
  readonly #ofServers: ClusterEvent[] = [];
  #lastId = 0;

  addOfStream(event: NewEvent<StreamEventKind>): void {
    this.#add(this.#ofStreams, MAX_STREAM_EVENTS, event);
  }

  addOfServer(event: NewEvent<ServerEventKind>): void {
    this.#add(this.#ofServers, MAX_SERVER_EVENTS, event);
  }

  /** The newest first. */
  all(): readonly ClusterEvent[] {
    return [...this.#ofStreams, ...this.#ofServers].sort((a, b) => b.atMs - a.atMs || b.id - a.id);
  }

  #add(events: ClusterEvent[], most: number, event: NewEvent<ClusterEvent["kind"]>): void {
    const { atMs, kind, subject, detail } = event;
    events.push({
      id: ++this.#lastId,
      atMs: Math.round(atMs),
      kind,
      subject: subject.slice(0, MAX_TEXT),
      detail: detail.slice(0, MAX_TEXT),
    });
    if (events.length > most) events.shift();
  }
}
