import type { Span } from "../../base/trace.ts";
import type { StreamUrl } from "../../rtmp/url.ts";
import type { PullProtocol, PullTarget, UpstreamStream } from "../target.ts";

/** What a player of an edge wants, as the origin will see it. The latest player's words are used. */
export interface PullRequest extends UpstreamStream {
  /** Servers that the play came through, by their ids. */
  via: readonly string[];
  readonly protocol: PullProtocol;
  /** Address by which a server is to be asked at this moment; without it, `url`. */
  askedUrl?(): StreamUrl | Promise<StreamUrl>;
  /** Nobody else may come to play the source: the pull ends with its player. */
  readonly isApart?: boolean;
  /** The play, if it is traced. */
  readonly trace?: Span | null;
  /**
   * Servers that may have the stream now, the best first. Never rejects.
   *
   * @param trace Of what the search is a part.
   * @param isWanted Whether anybody waits for the stream still.
   */
  findTargets(trace: Span | null, isWanted: () => boolean): Promise<readonly PullTarget[]>;
  /**
   * Tells as soon as servers come to have the stream, until it is disposed of. Absent where they are always the same, and
   * hold a question themselves.
   */
  watchTargets?(onTargets: (targets: readonly PullTarget[]) => void, trace: Span | null): Disposable;
  /** Servers to ask besides, which may find out where the stream is; by default none. */
  otherTargets?(): readonly PullTarget[];
}
