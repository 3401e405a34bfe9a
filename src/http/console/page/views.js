import { element, httpUrl, setAttribute, setText, sparkline } from "./dom.js";
import {
  audioText,
  bitrate,
  clockTime,
  count,
  duration,
  megabytes,
  percent,
  plural,
  sizeText,
  videoText,
} from "./format.js";

/** What the tables show. Names of streams, clients and servers are set as text, always. */

const statusTexts = { new: "asking", up: "up", down: "down", locked: "password" };

/** @param actions `remove`, `signIn` and `drain`, each of a server. */
export function serverColumns(actions) {
  return [
    {
      title: "Server",
      rowHead: true,
      build(cell) {
        const name = element("bdi", { class: "name" });
        const note = element("span", { class: "note" });
        cell.append(name, note);
        return ({ node }) => {
          setText(name, node.label);
          setText(note, node.isSelf ? "this server" : node.isAdded ? "added here" : "coworker");
        };
      },
    },
    {
      title: "State",
      build(cell) {
        const badge = element("span", { class: "badge" });
        const note = element("span", { class: "note" });
        cell.append(badge, note);
        return ({ node }) => {
          setText(badge, statusTexts[node.status]);
          setAttribute(badge, "data-state", node.status);
          setText(note, node.error || node.notReady);
        };
      },
    },
    { title: "Role", text: ({ node }) => node.role || "–" },
    { title: "Version", text: ({ node }) => node.summary?.self?.version ?? "–" },
    { title: "Up for", text: ({ node }) => node.isUp ? duration(node.summary.self?.srs_uptime) : "–" },
    { title: "CPU", numeric: true, text: ({ node }) => node.isUp ? percent(node.summary.self?.cpu_percent) : "–" },
    { title: "Memory", numeric: true, text: ({ node }) => node.isUp ? megabytes(node.summary.self?.mem_kbyte) : "–" },
    {
      title: "Viewers",
      numeric: true,
      build(cell) {
        const value = element("span");
        const note = element("span", { class: "note" });
        cell.append(value, note);
        return ({ node }) => {
          const { viewers, downstream, summary } = node;
          setText(value, !node.isUp ? "–" : viewers === null ? count(summary.system?.conn_srs) : count(viewers));
          // SRS tells people from nothing else.
          setText(
            note,
            !node.isUp ? "" : viewers === null ? "clients" : downstream > 0 ? plural(downstream, "server") : "",
          );
        };
      },
    },
    {
      title: "Actions",
      quiet: true,
      build(cell) {
        let shown = null;
        const open = element("a", { class: "button", target: "_blank", rel: "noreferrer" }, "Open");
        const signIn = element("button", { type: "button", onclick: () => actions.signIn(shown) }, "Sign in");
        const remove = element("button", { type: "button", onclick: () => actions.remove(shown) }, "Remove");
        const drain = element("button", { type: "button", onclick: () => actions.drain(shown) }, "Drain");
        cell.append(element("span", { class: "actions" }, signIn, remove, open, drain));
        return ({ node }) => {
          shown = node;
          open.hidden = node.isSelf;
          signIn.hidden = node.status !== "locked" || !node.isSelf;
          remove.hidden = !node.isAdded;
          drain.hidden = !node.isUp || node.info === null || !node.canAct;
          setAttribute(drain, "aria-label", `Drain ${node.label}`);
          setAttribute(open, "href", httpUrl(`${node.base}/console/`)?.href ?? null);
          setAttribute(open, "aria-label", `Open the console of ${node.label}`);
          setAttribute(remove, "aria-label", `Remove ${node.label} from the list`);
        };
      },
    },
  ];
}

/** @param play Called with the row of a stream. */
export function streamColumns(play) {
  return [
    {
      title: "Stream",
      rowHead: true,
      build(cell) {
        const name = element("bdi", { class: "name" });
        cell.append(name);
        return ({ key }) => setText(name, key);
      },
    },
    {
      title: "Owner",
      build(cell) {
        const name = element("bdi");
        const note = element("span", { class: "note" });
        cell.append(name, note);
        return ({ owner, source, upstream, isActive }) => {
          setText(name, owner ? owner.node.label : isActive ? upstream || source.node.label : "no publisher");
          setText(note, owner || !isActive ? "" : `pulled by ${source.node.label}`);
        };
      },
    },
    {
      title: "Video",
      build(cell) {
        const size = element("span");
        const note = element("span", { class: "note" });
        cell.append(size, note);
        return ({ stream }) => {
          setText(size, sizeText(stream.video) || (stream.video ? videoText(stream.video) : "–"));
          setText(note, sizeText(stream.video) ? videoText(stream.video) : "");
        };
      },
    },
    { title: "Audio", text: ({ stream }) => audioText(stream.audio) || "–" },
    {
      title: "Bitrate",
      build(cell) {
        const value = element("span", { class: "value" });
        const { svg, update } = sparkline();
        cell.append(element("span", { class: "rate" }, svg, value));
        return ({ stream, isActive }) => {
          const kbps = stream.recv.rates.map((bytes) => bytes * 8 / 1000);
          setText(value, bitrate(isActive ? kbps.at(-1) ?? stream.kbps?.recv_30s : 0));
          update(kbps);
        };
      },
    },
    {
      title: "Viewers",
      numeric: true,
      build(cell) {
        const value = element("span");
        const note = element("span", { class: "note lines" });
        cell.append(value, note);
        return ({ viewers, viewerCount }) => {
          setText(value, count(viewerCount));
          const split = viewers.filter((each) => each.count > 0);
          setText(note, split.length < 2 ? "" : split.map((each) => `${each.count} at ${each.node.label}`).join("\n"));
        };
      },
    },
    {
      title: "Frames",
      numeric: true,
      build(cell) {
        const value = element("span");
        const note = element("span", { class: "note" });
        cell.append(value, note);
        return ({ stream, isActive }) => {
          setText(value, count(stream.frames));
          const perSecond = stream.frameRate.latest;
          setText(note, isActive && perSecond !== null ? `${Math.round(perSecond)} fps` : "");
        };
      },
    },
    { title: "On air for", text: ({ stream, isActive }) => isActive ? duration(stream.live_ms / 1000) : "–" },
    actionColumn("Play", (row) => `Play ${row.key}`, play),
  ];
}

/** @param kick Called with the row of a client. */
export function clientColumns(kick) {
  return [
    {
      title: "Client",
      rowHead: true,
      build(cell) {
        const name = element("bdi", { class: "name" });
        const note = element("span", { class: "note" });
        cell.append(name, note);
        return ({ client }) => {
          setText(name, client.ip);
          setText(note, `id ${client.id}`);
        };
      },
    },
    {
      title: "Does",
      build(cell) {
        const role = element("span");
        const note = element("span", { class: "note" });
        cell.append(role, note);
        return ({ client, peer }) => {
          setText(role, clientRole(client));
          setText(note, client.server !== true ? "" : peer ? `server ${peer.label}` : "a server, for its own viewers");
        };
      },
    },
    {
      title: "Stream",
      build(cell) {
        const name = element("bdi");
        cell.append(name);
        return ({ client }) => setText(name, client.url);
      },
    },
    { title: "At", text: ({ node }) => node.label },
    { title: "For", text: ({ client }) => duration(client.alive) },
    {
      title: "Rate",
      numeric: true,
      text: ({ client }) => bitrate(client.publish ? client.kbps?.recv_30s : client.kbps?.send_30s),
    },
    { title: "Left out", numeric: true, text: ({ client }) => client.publish ? "–" : plural(client.dropped, "packet") },
    actionColumn("Kick", ({ client }) => `Kick ${clientRole(client)} ${client.ip} of ${client.url}`, kick, mayKick),
  ];
}

/** A server that plays comes back at once, and its viewers would only lose some frames: nobody wants that by mistake. */
function mayKick({ client, node }) {
  return node.canAct && (client.publish || client.server !== true);
}

/** What a client does, in a word. */
export function clientRole({ publish, type }) {
  if (publish) return "publishes";
  return type === "rtmp-play" ? "plays" : type === "flv-play" ? "plays HTTP-FLV" : `plays (${String(type)})`;
}

export const pullColumns = [
  {
    title: "Stream",
    rowHead: true,
    build(cell) {
      const name = element("bdi", { class: "name" });
      cell.append(name);
      return ({ pull }) => setText(name, pull.url);
    },
  },
  { title: "Pulled by", text: ({ node }) => node.label },
  { title: "Upstream", text: ({ pull }) => pull.upstream || "none now" },
  { title: "Switches", numeric: true, text: ({ pull }) => count(pull.switches) },
  { title: "Last error", text: ({ pull }) => pull.last_error || "none" },
];

export const upstreamColumns = [
  {
    title: "Origin",
    rowHead: true,
    build(cell) {
      const name = element("bdi", { class: "name" });
      cell.append(name);
      return ({ origin }) => setText(name, origin.origin);
    },
  },
  { title: "Seen from", text: ({ node }) => node.label },
  { title: "Pulls", numeric: true, text: ({ origin }) => count(origin.pulls) },
  { title: "Failures", numeric: true, text: ({ origin }) => count(origin.failures) },
  { title: "Rests for", text: ({ origin }) => origin.rest_ms > 0 ? duration(origin.rest_ms / 1000) : "–" },
  {
    title: "Last error",
    build(cell) {
      const error = element("span");
      const note = element("span", { class: "note" });
      cell.append(error, note);
      return ({ origin }) => {
        setText(error, origin.last_error || "none");
        const atMs = origin.last_error_at;
        setText(note, typeof atMs === "number" ? `at ${clockTime(new Date(atMs))}` : "");
      };
    },
  },
];

function actionColumn(title, label, act, mayAct = () => true) {
  return {
    title,
    quiet: true,
    build(cell) {
      let shown = null;
      const button = element("button", { type: "button", onclick: () => act(shown) }, title);
      cell.append(button);
      return (row) => {
        shown = row;
        button.hidden = !mayAct(row);
        setAttribute(button, "aria-label", label(row));
      };
    },
  };
}
