/** Bytes in memory of a log that all who follow a tail are to be sent next. */
export interface TailPiece<Place> {
  readonly memory: ArrayBufferLike;
  readonly from: number;
  readonly to: number;
  /** What the tail calls the place after it. */
  readonly end: Place;
}

/** The live end of something that many connections are sent alike. */
export interface LiveTail<Place> {
  /** Calls `onPiece` for each piece from here on. @returns Ends that. */
  subscribe(onPiece: (piece: TailPiece<Place>) => void): () => void;
}

/** A place in what a {@link LiveTail} is the end of. */
export interface TailReader<Place> {
  readonly tail: LiveTail<Place>;
  /** It stands at the live end, and may follow from there. */
  readonly isLive: boolean;
  /** Everything before this place was sent. */
  moveTo(end: Place): void;
}

/** Who hears of a connection that follows a tail. */
export interface FollowSink<Place> {
  /** So many bytes more were sent; everything before the place was. */
  onProgress(bytes: number, place: Place | null): void;
  /** It follows no more. */
  onStopped(): void;
  onFailed(error: Error): void;
}

/** A connection that follows a tail, until it is told to stop. */
export interface Following {
  /** As of the last report: some of the tail was not sent yet. */
  readonly isBehind: boolean;
  /** Ends it at a place between two pieces; {@link FollowSink.onStopped} tells when that is reached. */
  stop(): void;
}
