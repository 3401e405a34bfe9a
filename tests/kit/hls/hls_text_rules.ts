/** Tags that a media playlist has once at most. Source: RFC 8216bis §4.4.1 to §4.4.3, §4.4.5.2. */
const ONCE = [
  "VERSION",
  "INDEPENDENT-SEGMENTS",
  "TARGETDURATION",
  "MEDIA-SEQUENCE",
  "DISCONTINUITY-SEQUENCE",
  "PART-INF",
  "SERVER-CONTROL",
  "SKIP",
  "ENDLIST",
];
/** What a tag with attributes has to say. */
const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  "PART-INF": ["PART-TARGET"],
  PART: ["URI", "DURATION"],
  MAP: ["URI"],
  "PRELOAD-HINT": ["TYPE", "URI"],
  "RENDITION-REPORT": ["URI", "LAST-MSN"],
  SKIP: ["SKIPPED-SEGMENTS"],
  KEY: ["METHOD"],
  "SERVER-CONTROL": [],
  "STREAM-INF": ["BANDWIDTH"],
};
const ATTRIBUTES = /^[A-Z0-9-]+=(?:"[^"\r\n]*"|[^",\s]+)(?:,[A-Z0-9-]+=(?:"[^"\r\n]*"|[^",\s]+))*$/;
const DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(?:Z|[+-]\d\d:?\d\d)$/;

interface Tag {
  readonly name: string;
  readonly value: string;
}

/** Breaches of RFC 8216bis that a media playlist shows line by line: tags that miss, come twice or say too little. */
export function textBreaches(text: string): string[] {
  const lines = text.split("\n");
  const tags = tagsOf(lines);
  const breaches = [...attributeBreaches(tags)];
  const count = (name: string) => tags.filter((tag) => tag.name === name).length;
  for (const name of ONCE) if (count(name) > 1) breaches.push(`${name} comes ${count(name)} times`);
  if (count("TARGETDURATION") === 0) breaches.push("no TARGETDURATION");
  if (count("STREAM-INF") > 0) breaches.push("STREAM-INF in a media playlist");
  if (!text.endsWith("\n") || /[\r\uFEFF]/.test(text)) breaches.push("a line that does not end as it should");
  const uris = lines.filter((line) => line !== "" && !line.startsWith("#")).length;
  if (count("EXTINF") !== uris) breaches.push(`${count("EXTINF")} EXTINF for ${uris} segments`);
  return [...breaches, ...versionBreaches(tags), ...orderBreaches(tags)];
}

/** Breaches in the playlist that leads to the media playlists of a stream. Source: RFC 8216bis §4.4.6. */
export function masterBreaches(text: string): string[] {
  const lines = text.split("\n");
  const tags = tagsOf(lines);
  const breaches = [...attributeBreaches(tags)];
  if (lines[0] !== "#EXTM3U") breaches.push("it does not begin with #EXTM3U");
  const media = tags.find(({ name }) => name === "EXTINF" || name === "TARGETDURATION" || name === "MEDIA-SEQUENCE");
  if (media !== undefined) breaches.push(`${media.name} in a master playlist`);
  const streams = lines.filter((line) => line.startsWith("#EXT-X-STREAM-INF:"));
  if (streams.length === 0) breaches.push("no STREAM-INF");
  for (const line of streams) {
    const next = lines[lines.indexOf(line) + 1] ?? "";
    if (next === "" || next.startsWith("#")) breaches.push(`no URI behind ${line}`);
    if (!/CODECS="[^"]+"/.test(line)) breaches.push(`no CODECS: ${line}`);
  }
  return breaches;
}

function tagsOf(lines: readonly string[]): Tag[] {
  return lines.flatMap((line) => {
    const [, name = "", value = ""] = /^#(?:EXT-X-)?([A-Z0-9-]+):?(.*)$/.exec(line) ?? [];
    return name === "" ? [] : [{ name, value }];
  });
}

function attributeBreaches(tags: readonly Tag[]): string[] {
  return tags.flatMap(({ name, value }) => {
    const wanted = REQUIRED[name];
    if (wanted === undefined) return [];
    if (!ATTRIBUTES.test(value)) return [`attributes of ${name}: ${value}`];
    const names = new Set(Array.from(value.matchAll(/([A-Z0-9-]+)=(?:"[^"]*"|[^,]*)/g), ([, attribute]) => attribute));
    const missing = wanted.filter((attribute) => !names.has(attribute));
    if (name === "KEY" && !value.includes("METHOD=NONE") && !names.has("URI")) missing.push("URI");
    return missing.map((attribute) => `${name} without ${attribute}`);
  });
}

/** Source: RFC 8216bis §8. */
function versionBreaches(tags: readonly Tag[]): string[] {
  const version = Number(tags.find(({ name }) => name === "VERSION")?.value ?? 1);
  const needs = (name: string, pattern = /(?:)/) => tags.some((tag) => tag.name === name && pattern.test(tag.value));
  const rules: readonly [isUsed: boolean, least: number, what: string][] = [
    [needs("KEY", /IV=/), 2, "an IV"],
    [needs("EXTINF", /^\d+\./), 3, "a duration with a fraction"],
    [needs("MAP"), 6, "MAP"],
    [needs("GAP"), 8, "GAP"],
    [needs("SKIP"), 9, "SKIP"],
  ];
  return rules.flatMap(([isUsed, least, what]) =>
    isUsed && version < least ? [`${what} needs version ${least}, not ${version}`] : []
  );
}

function orderBreaches(tags: readonly Tag[]): string[] {
  const breaches: string[] = [];
  const first = (name: string) => tags.findIndex((tag) => tag.name === name);
  const isBehind = (name: string, other: string) => first(other) >= 0 && first(name) > first(other);
  for (const other of ["EXTINF", "DISCONTINUITY"]) {
    if (isBehind("DISCONTINUITY-SEQUENCE", other)) breaches.push(`DISCONTINUITY-SEQUENCE behind ${other}`);
  }
  if (isBehind("MEDIA-SEQUENCE", "EXTINF")) breaches.push("MEDIA-SEQUENCE behind EXTINF");
  const hints = tags.filter(({ name }) => name === "PRELOAD-HINT").map(({ value }) => /TYPE=(\w+)/.exec(value)?.[1]);
  if (new Set(hints).size !== hints.length) breaches.push("two PRELOAD-HINT of one type");
  if (isBehind("PART", "PRELOAD-HINT")) breaches.push("a part behind the hint");
  const dates = tags.filter(({ name }) => name === "PROGRAM-DATE-TIME").map(({ value }) => value);
  breaches.push(...dates.filter((date) => !DATE.test(date)).map((date) => `PROGRAM-DATE-TIME is ${date}`));
  dates.forEach((date, i) => {
    // The same, where a number has no media at all.
    if (i > 0 && !(Date.parse(date) >= Date.parse(dates[i - 1]!))) breaches.push(`${date} behind ${dates[i - 1]}`);
  });
  return breaches;
}
