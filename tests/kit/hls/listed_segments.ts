/** A segment of a media playlist. */
export interface ListedSegment {
  /** By its place. */
  readonly number: number;
  readonly address: string;
  readonly isGap: boolean;
  /** What is before it and it do not belong together. */
  readonly isDiscontinuous: boolean;
  /** The init segment that it needs; empty for none. */
  readonly init: string;
}

/** What a media playlist lists, the oldest first; a text where it is none. */
export function readPlaylist(text: string): ListedSegment[] | string {
  const [, first] = /^#EXT-X-MEDIA-SEQUENCE:(\d+)$/m.exec(text) ?? [];
  if (!text.startsWith("#EXTM3U\n") || first === undefined) return `no media playlist: ${text.slice(0, 80)}`;
  let number = Number(first);
  let [isGap, isDiscontinuous, init] = [false, false, ""];
  const listed: ListedSegment[] = [];
  for (const line of text.split("\n")) {
    if (line === "#EXT-X-GAP") isGap = true;
    else if (line === "#EXT-X-DISCONTINUITY") isDiscontinuous = true;
    else if (line.startsWith("#EXT-X-MAP:")) init = /URI="([^"]+)"/.exec(line)?.[1] ?? "";
    else if (line !== "" && !line.startsWith("#")) {
      listed.push({ number: number++, address: line, isGap, isDiscontinuous, init });
      isGap = isDiscontinuous = false;
    }
  }
  return listed;
}
