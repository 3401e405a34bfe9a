/** Bytes in shared memory that all who follow a feed are to be sent next. */
export interface Stretch {
  readonly memory: SharedArrayBuffer;
  readonly from: number;
  readonly to: number;
  /** What the feed calls the place behind it. */
  readonly end: object;
}

/** Bytes that many connections are sent alike. */
export interface Feed {
  /** Calls `onStretch` for each stretch from here on. @returns Ends that. */
  subscribe(onStretch: (stretch: Stretch) => void): () => void;
}

/** A place in a feed. */
export interface FeedReader {
  readonly feed: Feed;
  /** It stands at the live end, and may follow from there. */
  readonly isLive: boolean;
  /** Everything before this place was sent. */
  moveTo(end: object): void;
}

/** Who hears of a connection that follows a feed. */
export interface FollowSink {
  /** So many bytes more were sent; everything before the place was. */
  onProgress(bytes: number, place: object | null): void;
  /** It follows no more. */
  onStopped(): void;
  onFailed(error: Error): void;
}

/** A connection that follows a feed, until it is told to stop. */
export interface Following {
  /** The last that was heard of it: some of the feed was not sent yet. */
  readonly isBehind: boolean;
  /** Ends it at a place between two stretches; {@link FollowSink.onStopped} tells when that is reached. */
  stop(): void;
}
