/** Numbers for people. */

const whole = new Intl.NumberFormat("en");

export function count(value) {
  return whole.format(value ?? 0);
}

/** Kilobits per second. */
export function bitrate(kbps) {
  if (kbps === null || kbps === undefined) return "–";
  if (kbps >= 1e6) return `${(kbps / 1e6).toFixed(2)} Gbit/s`;
  if (kbps >= 1e3) return `${(kbps / 1e3).toFixed(kbps < 1e4 ? 2 : 1)} Mbit/s`;
  return `${Math.round(kbps)} kbit/s`;
}

/** Seconds, in the two largest units. */
export function duration(seconds) {
  const s = Math.max(0, Math.floor(seconds ?? 0));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor(s % 3600 / 60)} min`;
  return `${Math.floor(s / 86400)} d ${Math.floor(s % 86400 / 3600)} h`;
}

export function megabytes(kbyte) {
  return `${count(Math.round((kbyte ?? 0) / 1024))} MB`;
}

/** A part of 1. */
export function percent(part) {
  return `${Math.round((part ?? 0) * 100)} %`;
}

export function clockTime(date) {
  return date.toLocaleTimeString("en-GB");
}

/** Codec with what it is set to; the size stands apart. */
export function videoText(video) {
  return video ? [video.codec, video.profile, video.level].filter(Boolean).join(" ") : "";
}

export function sizeText(video) {
  return video?.width && video?.height ? `${video.width}×${video.height}` : "";
}

export function audioText(audio) {
  if (!audio) return "";
  const channels = { 1: "mono", 2: "stereo" }[audio.channel] ?? (audio.channel ? `${audio.channel} channels` : "");
  const rate = audio.sample_rate ? `${audio.sample_rate / 1000} kHz` : "";
  return [audio.codec, rate, channels].filter(Boolean).join(" ");
}

export function plural(number, one, many = `${one}s`) {
  return `${count(number)} ${number === 1 ? one : many}`;
}
