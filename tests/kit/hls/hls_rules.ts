import { textBreaches } from "./hls_text_rules.ts";

/** A part as a playlist lists it. */
export interface ListedPart {
  readonly uri: string;
  readonly seconds: number;
  readonly isIndependent: boolean;
}

/** A segment as a playlist lists it. */
export interface ListedSegment {
  readonly number: number;
  readonly uri: string;
  readonly seconds: number;
  readonly discontinuity: number;
  readonly isGap: boolean;
  readonly startMs: number | null;
  readonly map: string | null;
  readonly key: string | null;
  readonly parts: readonly ListedPart[];
}

/** What a media playlist says. */
export interface ListedMedia {
  readonly version: number;
  readonly targetSeconds: number;
  readonly partTargetSeconds: number | null;
  readonly control: ReadonlyMap<string, string>;
  readonly skipped: number;
  readonly firstNumber: number;
  readonly discontinuitySequence: number;
  readonly isEnded: boolean;
  readonly segments: readonly ListedSegment[];
  /** Of the segment under way. */
  readonly openParts: readonly ListedPart[];
  readonly hint: string | null;
}

/** Attributes of a tag. */
function attributes(text: string): Map<string, string> {
  const found = text.matchAll(/([A-Z0-9-]+)=("[^"]*"|[^,]*)/g);
  return new Map(Array.from(found, ([, name = "", value = ""]) => [name, value.replace(/^"|"$/g, "")]));
}

/** Reads a media playlist; throws where a line is not understood. */
export function readMediaPlaylist(text: string): ListedMedia {
  const lines = text.split("\n");
  if (lines[0] !== "#EXTM3U") throw new Error("it does not begin with #EXTM3U");
  let version = 1;
  let targetSeconds = NaN;
  let partTargetSeconds: number | null = null;
  let control = new Map<string, string>();
  let skipped = 0;
  let firstNumber = 0;
  let discontinuity = 0;
  let discontinuitySequence = 0;
  let isEnded = false;
  let hint: string | null = null;
  const segments: ListedSegment[] = [];
  let parts: ListedPart[] = [];
  let seconds: number | null = null;
  let isGap = false;
  let startMs: number | null = null;
  let map: string | null = null;
  let key: string | null = null;
  for (const line of lines.slice(1)) {
    const [, tag = "", rest = ""] = /^#(EXT[A-Z0-9-]*):?(.*)$/.exec(line) ?? [];
    if (line !== "" && !line.startsWith("#")) {
      if (seconds === null) throw new Error(`${line} has no EXTINF`);
      const number = firstNumber + skipped + segments.length;
      segments.push({ number, uri: line, seconds, discontinuity, isGap, startMs, map, key, parts });
      parts = [];
      seconds = startMs = null;
      isGap = false;
      continue;
    }
    switch (tag) {
      case "EXT-X-VERSION":
        version = Number(rest);
        break;
      case "EXT-X-TARGETDURATION":
        if (!/^\d+$/.test(rest)) throw new Error(line);
        targetSeconds = Number(rest);
        break;
      case "EXT-X-PART-INF":
        partTargetSeconds = Number(attributes(rest).get("PART-TARGET"));
        break;
      case "EXT-X-SERVER-CONTROL":
        control = attributes(rest);
        break;
      case "EXT-X-SKIP":
        skipped = Number(attributes(rest).get("SKIPPED-SEGMENTS"));
        break;
      case "EXT-X-MEDIA-SEQUENCE":
        if (segments.length > 0) throw new Error(`${line} stands behind a segment`);
        firstNumber = Number(rest);
        break;
      case "EXT-X-DISCONTINUITY-SEQUENCE":
        if (segments.length > 0) throw new Error(`${line} stands behind a segment`);
        if (discontinuity > 0) throw new Error(`${line} stands behind a discontinuity`);
        discontinuity = discontinuitySequence = Number(rest);
        break;
      case "EXT-X-DISCONTINUITY":
        discontinuity++;
        break;
      case "EXT-X-MAP":
        map = attributes(rest).get("URI") ?? null;
        break;
      case "EXT-X-KEY": {
        const { METHOD, URI } = Object.fromEntries(attributes(rest));
        key = METHOD === "NONE" ? null : URI ?? null;
        break;
      }
      case "EXT-X-PROGRAM-DATE-TIME":
        startMs = Date.parse(rest);
        break;
      case "EXT-X-GAP":
        isGap = true;
        break;
      case "EXTINF":
        seconds = Number(/^([\d.]+),/.exec(rest)?.[1]);
        break;
      case "EXT-X-PART": {
        const read = attributes(rest);
        const isIndependent = read.get("INDEPENDENT") === "YES";
        parts.push({ uri: read.get("URI") ?? "", seconds: Number(read.get("DURATION")), isIndependent });
        break;
      }
      case "EXT-X-PRELOAD-HINT":
        hint = attributes(rest).get("URI") ?? null;
        break;
      case "EXT-X-ENDLIST":
        isEnded = true;
        break;
      case "EXT-X-INDEPENDENT-SEGMENTS":
      case "":
        break;
      default:
        throw new Error(`unknown tag: ${line}`);
    }
  }
  return {
    version,
    targetSeconds,
    partTargetSeconds,
    control,
    skipped,
    firstNumber,
    discontinuitySequence,
    isEnded,
    segments,
    openParts: parts,
    hint,
  };
}

/** Sums of numbers with three decimals differ by less. */
const ROUNDING_SECONDS = 0.0005;
const LEAST_PART_SHARE = 0.85;

/**
 * Breaches of RFC 8216 and draft-pantos-hls-rfc8216bis in one media playlist; none if it is as it should be.
 *
 * @param lenient Parts below 85 % of the target are allowed: of streams whose frames do not fit to the parts.
 */
export function playlistBreaches(text: string, lenient = false): string[] {
  let playlist: ListedMedia;
  try {
    playlist = readMediaPlaylist(text);
  } catch (error) {
    return [String(error)];
  }
  return [
    ...textBreaches(text),
    ...headBreaches(playlist),
    ...segmentBreaches(playlist),
    ...partBreaches(playlist, lenient),
  ];
}

function headBreaches({ targetSeconds, control, partTargetSeconds, skipped, ...listed }: ListedMedia): string[] {
  const breaches: string[] = [];
  if (!(targetSeconds >= 1)) breaches.push(`TARGETDURATION is ${targetSeconds}`);
  if (partTargetSeconds !== null) {
    if (control.get("CAN-BLOCK-RELOAD") !== "YES") breaches.push("parts without CAN-BLOCK-RELOAD");
    const partHoldBack = Number(control.get("PART-HOLD-BACK"));
    // Twice is a must, three times is what it should be. Source: RFC 8216bis §4.4.3.8.
    if (!(partHoldBack >= 3 * partTargetSeconds - ROUNDING_SECONDS)) {
      breaches.push(`PART-HOLD-BACK is ${partHoldBack} for parts of ${partTargetSeconds} s`);
    }
  }
  const holdBack = control.get("HOLD-BACK");
  if (holdBack !== undefined && !(Number(holdBack) >= 3 * targetSeconds)) breaches.push(`HOLD-BACK is ${holdBack}`);
  const skip = control.get("CAN-SKIP-UNTIL");
  if (skip !== undefined && !(Number(skip) >= 6 * targetSeconds)) breaches.push(`CAN-SKIP-UNTIL is ${skip}`);
  if (skipped > 0) {
    const left = [...listed.segments, ...listed.openParts].reduce((sum, { seconds }) => sum + seconds, 0);
    if (!(left >= Number(skip) - ROUNDING_SECONDS)) breaches.push(`${skipped} skipped, only ${left} s left of ${skip}`);
  }
  return breaches;
}

function segmentBreaches({ targetSeconds, segments, skipped, isEnded }: ListedMedia): string[] {
  const breaches: string[] = [];
  if (segments.length > 0 && skipped === 0 && segments[0]!.isGap) breaches.push("it begins with a gap");
  segments.forEach(({ number, seconds, startMs, discontinuity, uri, isGap }, i) => {
    if (!(seconds >= 0) || Math.round(seconds) > targetSeconds && !isGap) {
      breaches.push(`${number} has ${seconds} s, the target is ${targetSeconds} s`);
    }
    const next = segments[i + 1];
    if (next === undefined) return;
    if (next.uri === uri) breaches.push(`${number} and the next have the URI ${uri}`);
    if (startMs === null || next.startMs === null) return;
    const apart = (next.startMs - startMs) / 1000;
    const isContinuous = discontinuity === next.discontinuity;
    if (isContinuous && Math.abs(apart - seconds) > ROUNDING_SECONDS) {
      breaches.push(`${number} has ${seconds} s, and the next begins ${apart} s later`);
    }
  });
  if (!isEnded && segments.length > 0 && segments.at(-1)!.seconds > 2 * targetSeconds) {
    breaches.push("the last is too long");
  }
  return breaches;
}

function partBreaches(playlist: ListedMedia, lenient: boolean): string[] {
  const { segments, openParts, partTargetSeconds, targetSeconds, hint } = playlist;
  const all = [...segments.flatMap(({ parts }) => parts), ...openParts];
  if (partTargetSeconds === null) {
    return all.length > 0 || hint !== null ? ["parts without PART-INF"] : [];
  }
  const breaches: string[] = [];
  for (const { uri, seconds } of all) {
    if (!(seconds <= partTargetSeconds + 0.0005)) breaches.push(`part ${uri} has ${seconds} s, more than the target`);
  }
  const longest = Math.max(0, ...all.map(({ seconds }) => seconds));
  for (const parts of [...segments.map(({ parts }) => parts.slice(0, -1)), openParts]) {
    for (const { uri, seconds } of parts) {
      // A target that one long part has raised is not that of the others.
      const isLong = longest > partTargetSeconds - 0.0005;
      if (!lenient && !isLong && seconds < LEAST_PART_SHARE * partTargetSeconds - 0.0005) {
        breaches.push(`part ${uri} has ${seconds} s, less than 85 % of the target`);
      }
    }
  }
  for (const { number, parts, seconds } of segments) {
    const sum = parts.reduce((sum, part) => sum + part.seconds, 0);
    if (parts.length > 0 && Math.abs(sum - seconds) > ROUNDING_SECONDS) {
      breaches.push(`${number} has ${seconds} s, and its parts ${sum} s`);
    }
  }
  let behind = openParts.reduce((sum, part) => sum + part.seconds, 0);
  for (const { parts, seconds, number, isGap } of segments.toReversed()) {
    if (behind > 3 * targetSeconds) {
      if (parts.length > 0 && behind > 3 * targetSeconds + seconds) breaches.push(`${number} still has parts`);
    } else if (parts.length === 0 && !isGap && behind + seconds < 3 * targetSeconds - seconds) {
      breaches.push(`${number} has no parts, so near to the end`);
    }
    behind += seconds;
  }
  if (hint !== null && all.some(({ uri }) => uri === hint)) breaches.push(`${hint} is hinted at, and listed`);
  if (new Set(all.map(({ uri }) => uri)).size !== all.length) breaches.push("two parts have the same URI");
  return breaches;
}

/** Watches a media playlist as a client reloads it, of one server or of several that are to be the same. */
export class PlaylistWatch {
  readonly breaches: string[] = [];
  readonly #known = new Map<number, ListedSegment>();
  readonly #parts = new Map<string, ListedPart>();
  readonly #allowsLongerTarget: boolean;
  readonly #lenient: boolean;
  #first = -1;
  #discontinuitySequence = -1;
  #last = -1;
  #target: number | null = null;

  /** @param options `allowsLongerTarget`: TARGETDURATION may grow. `lenient`: as {@link playlistBreaches}. */
  constructor({ allowsLongerTarget = true, lenient = false } = {}) {
    this.#allowsLongerTarget = allowsLongerTarget;
    this.#lenient = lenient;
  }

  /** Segments seen so far, by number. */
  get segments(): ReadonlyMap<number, ListedSegment> {
    return this.#known;
  }

  /** One answer. @param mayBeOld It comes from another server than the one before, which may be a little behind. */
  see(text: string, mayBeOld = false): void {
    const own = playlistBreaches(text, this.#lenient);
    this.breaches.push(...own);
    if (own.some((breach) => breach.startsWith("Error"))) return;
    const playlist = readMediaPlaylist(text);
    const { firstNumber, segments, targetSeconds, openParts } = playlist;
    if (!mayBeOld) this.#order(playlist);
    this.#discontinuities(playlist);
    if (this.#target !== null && targetSeconds !== this.#target && !mayBeOld) {
      if (!this.#allowsLongerTarget || targetSeconds < this.#target) {
        this.breaches.push(`TARGETDURATION was ${this.#target} and is ${targetSeconds}`);
      }
    }
    this.#target = Math.max(this.#target ?? 0, targetSeconds);
    this.#first = Math.max(this.#first, firstNumber);
    for (const segment of segments) this.#segment(segment, playlist.skipped > 0);
    for (const part of openParts) this.#part(part);
  }

  #order({ firstNumber, segments, skipped, targetSeconds, openParts }: ListedMedia): void {
    if (firstNumber < this.#first) this.breaches.push(`MEDIA-SEQUENCE was ${this.#first} and is ${firstNumber}`);
    // Source: RFC 8216bis §6.2.2. Behind a long silence, nothing of what was there is listed any more.
    const seconds = [...segments, ...openParts].reduce((sum, { seconds }) => sum + seconds, 0);
    if (firstNumber > this.#first && firstNumber <= this.#last && skipped === 0 && seconds < 3 * targetSeconds) {
      this.breaches.push(`a segment was removed, and ${seconds} s are left of targets of ${targetSeconds} s`);
    }
    const last = segments.at(-1)?.number ?? firstNumber + skipped - 1;
    if (last < this.#last) this.breaches.push(`the last number was ${this.#last} and is ${last}`);
    this.#last = Math.max(this.#last, last);
  }

  /**
   * DISCONTINUITY-SEQUENCE grows with each tag that leaves the list, and by nothing else. What it has to be follows from any
   * segment that was listed before. Source: RFC 8216bis §6.2.2.
   */
  #discontinuities({ firstNumber, discontinuitySequence: now, skipped, segments }: ListedMedia): void {
    const first = skipped === 0 ? segments[0] : undefined;
    const known = first === undefined ? undefined : this.#known.get(first.number)?.discontinuity;
    const before = this.#discontinuitySequence;
    if (now < before && firstNumber >= this.#first) {
      this.breaches.push(`DISCONTINUITY-SEQUENCE was ${before} and is ${now}`);
    }
    if (known !== undefined && !Number.isNaN(known) && known !== first?.discontinuity) {
      this.breaches.push(`DISCONTINUITY-SEQUENCE is ${now}, by the tags that have left the list it is ${known}`);
    }
    this.#discontinuitySequence = Math.max(before, now);
  }

  #segment(segment: ListedSegment, isDelta: boolean): void {
    const { number, parts } = segment;
    const known = this.#known.get(number);
    for (const part of parts) this.#part(part);
    if (known === undefined || Number.isNaN(known.discontinuity)) {
      // A delta does not tell how many discontinuities are in what it leaves out.
      this.#known.set(number, isDelta ? { ...segment, discontinuity: NaN } : segment);
    }
    if (known === undefined) return;
    for (const field of ["uri", "seconds", "discontinuity", "isGap", "startMs", "map", "key"] as const) {
      if (field === "discontinuity" && (isDelta || Number.isNaN(known.discontinuity))) continue;
      if (known[field] !== segment[field]) {
        this.breaches.push(`${field} of ${number} was ${known[field]} and is ${segment[field]}`);
      }
    }
  }

  #part(part: ListedPart): void {
    const known = this.#parts.get(part.uri) ?? part;
    this.#parts.set(part.uri, part);
    if (known.seconds !== part.seconds || known.isIndependent !== part.isIndependent) {
      this.breaches.push(`part ${part.uri} had ${known.seconds} s and has ${part.seconds} s`);
    }
  }
}
