import type { Logger } from "../../base/log.ts";
import type { VhostHandle } from "../../config/mod.ts";
import type { StreamUrl } from "../../rtmp/url.ts";
import type { ServerContext } from "../context.ts";
import { hookUrls, type ToldHook } from "./hooks.ts";
import type { HookSubject } from "./payload.ts";

/** A subject whose stream keeps its id until it is released. */
export type HeldSubject = HookSubject & { release(): void };

/**
 * What the hooks know of one client. Calls are made one after the other, in the order of the events, and each begin that
 * a hook accepted is followed by one end: `on_unpublish` or `on_stop` for every publish or play. `on_close` is the last.
 */
export class HookBook {
  readonly #server: Pick<ServerContext, "hooks" | "registry">;
  readonly #client: HookSubject["client"] & { readonly log: Logger };
  #tail: Promise<unknown> = Promise.resolve();
  /** Each vhost, once, that was told of the client by `on_connect` and wants to hear of its end. */
  readonly #connects: { vhost: VhostHandle; subject: HookSubject }[] = [];
  #pending = 0;
  #begun = 0;
  #hasLeft = false;
  #isClosed = false;

  constructor(server: Pick<ServerContext, "hooks" | "registry">, client: HookSubject["client"] & { log: Logger }) {
    this.#server = server;
    this.#client = client;
  }

  /** Something is being asked; each call has a time-out of its own. */
  get isPending(): boolean {
    return this.#pending > 0;
  }

  get hasLeft(): boolean {
    return this.#hasLeft;
  }

  /** What hooks are told of the client and a stream. */
  subject(url: StreamUrl): HeldSubject {
    const { id, release } = this.#server.registry.holdStreamId(url.key);
    return { client: this.#client, url, streamId: id, release };
  }

  /** Asks something once all calls before are over. The client counts as being judged meanwhile. */
  ask<T>(task: () => Promise<T>): Promise<T> {
    this.#pending++;
    return this.#inOrder(task).finally(() => {
      this.#pending--;
      this.#closeIfOver();
    });
  }

  /** The client counts as connected to a vhost, whose `on_close` hears of its end. */
  connect(vhost: VhostHandle, subject: HookSubject): void {
    const known = this.#connects.findIndex((each) => each.vhost.name === vhost.name);
    if (known >= 0) this.#connects[known] = { vhost, subject };
    else this.#connects.push({ vhost, subject });
  }

  /**
   * A publish or play begins.
   *
   * @param action The hook that hears of its end.
   * @returns Ends it, once, with or without a word to the hook.
   */
  begin(action: "on_unpublish" | "on_stop", vhost: VhostHandle, subject: HeldSubject): (isTold: boolean) => void {
    this.#begun++;
    let hasEnded = false;
    return (isTold) => {
      if (hasEnded) return;
      hasEnded = true;
      this.#begun--;
      subject.release();
      if (isTold) this.#tell(action, vhost, subject);
      this.#closeIfOver();
    };
  }

  /** The client is gone: once all that it began has ended, `on_close` is told. */
  leave(): void {
    this.#hasLeft = true;
    this.#closeIfOver();
  }

  #closeIfOver(): void {
    if (!this.#hasLeft || this.#pending > 0 || this.#begun > 0 || this.#isClosed) return;
    this.#isClosed = true;
    for (const { vhost, subject } of this.#connects) this.#tell("on_close", vhost, subject);
  }

  #tell(action: ToldHook, { now: vhost }: VhostHandle, subject: HookSubject): void {
    const { hooks } = this.#server;
    const { log } = this.#client;
    if (hookUrls(vhost, action).length === 0) return;
    if (hooks.isFull) return log.warn(`${action} of ${subject.url.key} was not sent: too many hook calls are pending`);
    this.#inOrder(() => hooks.tell(action, vhost, subject, log));
  }

  #inOrder<T>(task: () => Promise<T>): Promise<T> {
    const run = this.#tail.then(task);
    this.#tail = this.#server.hooks.track(run.then(() => {}, () => {}));
    return run;
  }
}
