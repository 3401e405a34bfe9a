import { formatHost } from "../../rtmp/url.ts";
import type { ServerAddress } from "../directory.ts";

/** Who has a stream, as its key in an engine tells. */
export interface StreamRecord {
  readonly epoch: number;
  /** `node#boot` of the server. */
  readonly node: string;
}

const recordPattern = /^(\d{1,16})\|([\w.-]{1,64}#[\w.-]{1,64})$/;

/** Reads what a stream's key holds; null for anything that no server of this kind has written. */
export function parseStreamRecord(text: string): StreamRecord | null {
  const [, epoch, node] = recordPattern.exec(text) ?? [];
  return epoch === undefined || node === undefined ? null : { epoch: Number(epoch), node };
}

/** Id of one start of a server: it is another one after a restart, so that nothing old counts as its own. */
export function nodeId(name: string, boot: string): string {
  const plain = (text: string) => text.replace(/[^\w.-]/g, "-").slice(0, 64) || "-";
  return `${plain(name)}#${plain(boot)}`;
}

/** The part of a node's id that changes with each start. */
export function bootOf(node: string): string {
  return node.slice(node.indexOf("#") + 1);
}

/** The part of a node's id that stays the same over a restart. */
export function nameOf(node: string): string {
  return node.slice(0, node.indexOf("#"));
}

/** Names of the keys of one cluster in an engine. */
export class EngineKeys {
  readonly #prefix: string;

  /** @param prefix Stands before all of them: several clusters may share an engine. */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** Who has a stream. @param key Its name within a server. */
  stream(key: string): string {
    return `${this.streams}${key}`;
  }

  /** Name of a stream by its key; null for other keys. */
  streamOf(key: string): string | null {
    return key.startsWith(this.streams) ? key.slice(this.streams.length) : null;
  }

  /** The lease of a node. */
  node(node: string): string {
    return this.nodes + node;
  }

  /** What stands before a node's id. */
  get nodes(): string {
    return `${this.#prefix}n:`;
  }

  /** Changes when another node has taken a stream from this one. */
  mailbox(node: string): string {
    return this.mailboxes + node;
  }

  /** What stands before a node's id in the name of its mailbox. */
  get mailboxes(): string {
    return `${this.#prefix}m:`;
  }

  /** Which start of a server was the last at an address. */
  startAt({ ip, port }: ServerAddress): string {
    return `${this.#prefix}a:${formatHost(ip)}:${port}`;
  }

  /** Changes when the lease of a node is to be read again at once: the node is about to stop, or gone. */
  bell(node: string): string {
    return this.bells + node;
  }

  /** The node whose bell a key is; null for other keys. */
  nodeOfBell(key: string): string | null {
    return key.startsWith(this.bells) ? key.slice(this.bells.length) : null;
  }

  /** What stands before a node's id in the name of its bell. */
  get bells(): string {
    return `${this.#prefix}b:`;
  }

  /** What stands before a stream's name. */
  get streams(): string {
    return `${this.#prefix}s:`;
  }

  /** The list of nodes, those that have just left among them. */
  get list(): string {
    return `${this.#prefix}nodes`;
  }

  /** No epoch is lower. */
  get floor(): string {
    return `${this.#prefix}e`;
  }
}
