/** What {@link stampFrame} wrote. */
export interface FrameStamp {
  /** Wall clock in milliseconds when the frame was sent. */
  sentAtMs: number;
  /** Number of the frame in its stream, from 0. */
  frame: number;
}

/** Behind FLV's video header (5 bytes), the length and the type of the NAL unit. */
const AT = 10;
const MAGIC = 0x53454e54;

/** How much of a payload a reader must keep to find the stamp. */
export const STAMP_END = AT + 16;

/** Writes when a frame leaves the publisher, and which one it is, into its picture data. */
export function stampFrame(payload: Uint8Array<ArrayBuffer>, { sentAtMs, frame }: FrameStamp): void {
  const view = new DataView(payload.buffer, payload.byteOffset + AT);
  view.setUint32(0, MAGIC);
  view.setFloat64(4, sentAtMs);
  view.setUint32(12, frame);
}

/** The stamp of a payload's first {@link STAMP_END} bytes; null for other media, such as a file's. */
export function readStamp(head: Uint8Array): FrameStamp | null {
  const view = new DataView(head.buffer, head.byteOffset + AT);
  if (view.getUint32(0) !== MAGIC) return null;
  return { sentAtMs: view.getFloat64(4), frame: view.getUint32(12) };
}
