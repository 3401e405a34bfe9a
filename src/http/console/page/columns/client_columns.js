import { actionColumn, nameColumn, notedColumn } from "./cells.js";
import { bitrate, duration, plural } from "../format.js";

/** @param kick Called with the row of a client. */
export function clientColumns(kick) {
  return [
    nameColumn("Client", ({ client }) => client.ip, { sort: "client", note: ({ client }) => `id ${client.id}` }),
    notedColumn(
      "Does",
      ({ client }) => clientRole(client),
      ({ client, peer }) =>
        client.server !== true ? "" : peer ? `server ${peer.label}` : "a server, for its own viewers",
      { sort: "does" },
    ),
    nameColumn("Stream", ({ client }) => client.url, { sort: "stream", rowHead: false }),
    { title: "For", sort: "time", text: ({ client }) => duration(client.alive) },
    {
      title: "Rate",
      sort: "rate",
      numeric: true,
      text: ({ client }) => bitrate(client.publish ? client.kbps?.recv_30s : client.kbps?.send_30s),
    },
    {
      title: "Left out",
      sort: "left_out",
      numeric: true,
      text: ({ client }) => client.publish ? "–" : plural(client.dropped, "packet"),
    },
    actionColumn("Kick", ({ client }) => `Kick ${clientRole(client)} ${client.ip} of ${client.url}`, kick, mayKick),
  ];
}

/** A server that plays comes back at once, and its viewers would only lose some frames: nobody wants that by mistake. */
function mayKick({ client }) {
  return client.publish || client.server !== true;
}

/** What a client does, in a word. */
export function clientRole({ publish, type }) {
  if (publish) return "publishes";
  return type === "rtmp-play"
    ? "plays"
    : type === "flv-play"
    ? "plays HTTP-FLV"
    : type === "hls-play"
    ? "plays HLS"
    : `plays (${String(type)})`;
}
