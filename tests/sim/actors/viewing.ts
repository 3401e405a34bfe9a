import type { RtmpMessage } from "../../../src/rtmp/message.ts";
import type { ClientMachine } from "../world/cluster_view.ts";

/** One connection that plays a stream. */
export interface Viewing {
  close(): void;
  /** Tells the server that nothing is to come for now, or again. */
  pause?(isPaused: boolean): void;
}

/** How it goes; nothing comes after it was closed. */
export interface ViewingHandlers {
  onMedia(message: Pick<RtmpMessage, "typeId" | "timestampMs" | "payload">): void;
  /** The stream is at another server. */
  onRedirect(place: Place): void;
  onEnd(reason: string): void;
}

/** Address of a server. */
export interface Place {
  readonly host: string;
  readonly port: number;
}

/** What is played, where. */
export interface ViewingOptions {
  readonly machine: ClientMachine;
  readonly place: Place;
  readonly stream: string;
  /** It is known to go where it is sent. */
  readonly follows: boolean;
}

/** So long a viewer waits for an answer to each of its steps. */
export const ANSWER_TIMEOUT_MS = 5000;

/** Host and port of an address that a server has sent somebody to. */
export function placeOf(url: string, usualPort: number): Place {
  const [, host = "", port] = /^[a-z]+:\/\/([^:/]+)(?::(\d+))?\//.exec(url) ?? [];
  return { host, port: Number(port ?? usualPort) };
}
