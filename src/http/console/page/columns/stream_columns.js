import { actionColumn, nameColumn, notedColumn } from "./cells.js";
import { element, setText, sparkline } from "../dom.js";
import { audioText, bitrate, count, duration, plural, sizeText, videoText } from "../format.js";

/** @param play Called with the row of a stream. */
export function streamColumns(play) {
  return [
    nameColumn("Stream", ({ key }) => key, { sort: "stream" }),
    nameColumn("From", ({ stream }) => sourceOf(stream), { rowHead: false }),
    notedColumn(
      "Video",
      ({ stream }) => sizeText(stream.video) || videoText(stream.video) || "–",
      ({ stream }) => sizeText(stream.video) ? videoText(stream.video) : "",
    ),
    { title: "Audio", text: ({ stream }) => audioText(stream.audio) || "–" },
    {
      title: "Bitrate",
      sort: "bitrate",
      numeric: true,
      build(cell) {
        const value = element("span", { class: "value" });
        const { svg, update } = sparkline();
        cell.append(element("span", { class: "rate" }, svg, value));
        return ({ stream, recv }) => {
          const kbps = recv.rates.map((bytes) => bytes * 8 / 1000);
          setText(value, bitrate(isActive(stream) ? kbps.at(-1) ?? stream.kbps?.recv_30s : 0));
          update(kbps);
        };
      },
    },
    notedColumn(
      "Viewers",
      ({ stream }) => count(stream.viewers),
      ({ stream }) => stream.downstream > 0 ? plural(stream.downstream, "server") : "",
      { sort: "viewers", numeric: true },
    ),
    notedColumn(
      "Frames",
      ({ stream }) => count(stream.frames),
      ({ stream, frames }) => isActive(stream) && frames.latest !== null ? `${Math.round(frames.latest)} fps` : "",
      { sort: "frames", numeric: true },
    ),
    {
      title: "On air for",
      sort: "time",
      text: ({ stream }) => isActive(stream) ? duration(stream.live_ms / 1000) : "–",
    },
    actionColumn("Play", ({ key }) => `Play ${key}`, play),
  ];
}

function isActive({ publish }) {
  return publish?.active === true;
}

function sourceOf(stream) {
  if (!isActive(stream)) return "no publisher";
  return stream.upstream ? `pulled from ${stream.upstream}` : "published here";
}
