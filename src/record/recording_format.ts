import type { MediaPacket } from "../stream/packet.ts";

/** Bytes that replace others of a file. */
export interface FilePatch {
  readonly at: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** What of a file is on the disk. */
export interface FileExtent {
  readonly bytes: number;
  readonly durationMs: number;
}

/** Bytes that make sense only together: a file may end behind them. */
export interface FilePiece {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where in the file's time the media ends that is written then, ms. */
  readonly endMs: number;
}

/** What the tracks of a file are coded with. */
export interface RecordedCodecs {
  readonly audio: string | null;
  readonly video: string | null;
}

/** A file of media that grows: what its bytes are. */
export interface RecordingFormat {
  /**
   * The bytes of metadata or a decoder header that came while the file was written.
   *
   * @returns null if what follows cannot be in this file.
   */
  takeHeader(packet: MediaPacket, atMs: number): FilePiece[] | null;
  /**
   * The bytes that a frame, or a script, makes ready.
   *
   * @param packet Its payload is only lent.
   * @param atMs Time in the file.
   * @returns null if it cannot be in this file.
   */
  write(packet: MediaPacket, atMs: number): FilePiece[] | null;
  /** Frames are missing before the next one. */
  skip(): FilePiece[];
  /** The bytes that only the end makes ready. */
  end(): FilePiece[];
  /** Names of the codecs that it has; null where that is not known yet. */
  readonly codecs: RecordedCodecs;
  /** Names of codecs whose frames came and are not in the file: it cannot hold them. */
  readonly leftOut: ReadonlySet<string>;
  /** What is filled in once it is known how much there is. */
  patches(extent: FileExtent): FilePatch[];
}

/** A new file for a stream. */
export interface NewRecording {
  readonly format: RecordingFormat;
  /** What it begins with. */
  readonly head: FilePiece[];
}
