import type { MediaPacket } from "../stream/packet.ts";
import { FlvRecording } from "./flv_recording.ts";
import { Mp4Recording } from "./mp4_recording.ts";
import type { RecordingFormat } from "./recording_format.ts";
import type { Repair } from "./repaired_file.ts";

/**
 * Goes on with a file that another process began, behind what of it is whole.
 *
 * @param headers Decoder headers of what follows.
 * @returns Null where what follows cannot be in that file.
 */
export function resumeRecording(
  path: string,
  headers: readonly MediaPacket[],
  whole: Pick<Repair, "codecs" | "head" | "pieces">,
): RecordingFormat | null {
  return /\.mp4$/i.test(path)
    ? Mp4Recording.resume(headers, { head: whole.head, fragments: whole.pieces })
    : FlvRecording.resume(whole.codecs);
}
