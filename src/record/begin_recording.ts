import type { MediaPacket } from "../stream/packet.ts";
import { FlvRecording } from "./flv_recording.ts";
import { Mp4Recording } from "./mp4_recording.ts";
import type { NewRecording } from "./recording_format.ts";

/**
 * A new file, of the kind that its name says.
 *
 * @param headers Metadata and decoder headers of the stream.
 * @param atMs Time of its first frame in the file.
 */
export function beginRecording(path: string, headers: readonly MediaPacket[], atMs: number): NewRecording {
  if (/\.mp4$/i.test(path)) return Mp4Recording.begin(headers);
  return FlvRecording.begin(headers, atMs);
}
