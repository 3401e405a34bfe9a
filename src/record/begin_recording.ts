import type { MediaPacket } from "../stream/packet.ts";
import { FlvRecording } from "./flv_recording.ts";
import type { NewRecording } from "./recording_format.ts";

/**
 * A new file, of the kind that its name says.
 *
 * @param headers Metadata and decoder headers of the stream.
 * @param atMs Time of its first frame in the file.
 */
export function beginRecording(_path: string, headers: readonly MediaPacket[], atMs: number): NewRecording {
  return FlvRecording.begin(headers, atMs);
}
