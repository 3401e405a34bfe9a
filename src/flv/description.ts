/** What a video sequence header says; texts are empty and numbers 0 where it does not. */
export interface VideoDescription {
  /** "H264", "HEVC", "AV1", …; a FourCC if it has no other name. */
  codec: string;
  /** "High", "Main", … */
  profile: string;
  /** "3.1" */
  level: string;
  /** Pixels, after cropping. */
  width: number;
  height: number;
  /** Frames per second that the header announces: real streams may differ. */
  frameRate: number;
}

/** What an audio sequence header says; texts are empty and numbers 0 where it does not. */
export interface AudioDescription {
  /** "AAC", "MP3", "Opus", …; a FourCC if it has no other name. */
  codec: string;
  /** AAC: "LC", "HE", … */
  profile: string;
  /** Hertz. */
  sampleRate: number;
  channels: number;
}
