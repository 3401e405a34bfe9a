import { nameColumn } from "./cells.js";
import { element, httpUrl, setAttribute, setText } from "../dom.js";
import { bitrate, count, duration, megabytes } from "../format.js";

const links = {
  self: "this server",
  coworker: "coworker",
  upstream: "pulled from",
  downstream: "pulls from here",
};
/** What needs somebody comes first. */
const stateRanks = { down: 0, draining: 1, up: 2 };

/** @param actions `show` and `drain`, each of a member. */
export function serverColumns(actions) {
  return [
    nameColumn("Server", ({ label }) => label, {
      sort: "server",
      note: ({ link, server_id: id }) => [links[link] ?? "", id].filter(Boolean).join(", "),
    }),
    { title: "Role", sort: "role", text: ({ role }) => String(role) },
    {
      title: "State",
      sort: "state",
      build(cell) {
        const badge = element("span", { class: "badge" });
        const note = element("span", { class: "note" });
        cell.append(badge, note);
        return ({ state, state_since_ms: sinceMs, nowMs }) => {
          setText(badge, String(state));
          setAttribute(badge, "data-state", String(state));
          setText(note, sinceMs > 0 ? `for ${duration((nowMs - sinceMs) / 1000)}` : "");
        };
      },
    },
    { title: "Version", sort: "version", text: ({ software }) => String(software || "–").replace(/^srs-ts\//, "") },
    loadColumn("Streams", "streams", count),
    loadColumn("Viewers", "viewers", count),
    loadColumn("In", "recv_kbps", bitrate),
    loadColumn("Out", "send_kbps", bitrate),
    loadColumn("CPU", "cpu_percent", (percent) => `${Math.round(percent)} %`),
    loadColumn("Memory", "memory_bytes", (bytes) => megabytes(bytes / 1024)),
    {
      title: "Actions",
      quiet: true,
      build(cell) {
        let shown = null;
        const show = element("button", { type: "button", onclick: () => actions.show(shown) }, "Show");
        const open = element("a", { class: "button", target: "_blank", rel: "noreferrer" }, "Open");
        const drain = element("button", { type: "button", onclick: () => actions.drain(shown) }, "Drain");
        cell.append(element("span", { class: "actions" }, show, open, drain));
        return (member) => {
          shown = member;
          const { label, state, isSelf, isListed } = member;
          const url = isSelf || !isOurs(member) ? null : consoleUrl(member.address);
          show.hidden = !isListed || state === "down";
          open.hidden = url === null || state === "down";
          drain.hidden = !isListed || state !== "up" || !isOurs(member);
          setAttribute(open, "href", url);
          setAttribute(show, "aria-label", `Show streams of ${label}`);
          setAttribute(open, "aria-label", `Open the console of ${label}`);
          setAttribute(drain, "aria-label", `Drain ${label}`);
        };
      },
    },
  ];
}

/** What the table of servers is searched and sorted by. */
export const serverShape = {
  text: (member) => `${member.label} ${member.server_id} ${member.role} ${member.state} ${member.software}`,
  byDefault: ({ state }) => stateRanks[state] ?? 3,
  columns: {
    server: ({ label }) => label,
    role: ({ role }) => role,
    state: ({ state }) => stateRanks[state] ?? 3,
    version: ({ software }) => software,
    ...Object.fromEntries(
      ["streams", "viewers", "recv_kbps", "send_kbps", "cpu_percent", "memory_bytes"].map((name) => [
        name,
        ({ load }) => load?.[name] ?? -1,
      ]),
    ),
  },
};

/** Of one that is down, the last that was known is no load. */
function loadColumn(title, name, text) {
  return {
    title,
    sort: name,
    numeric: true,
    text: ({ load, state }) => load === null || load === undefined || state === "down" ? "–" : text(load[name]),
  };
}

function isOurs({ software }) {
  return String(software).startsWith("srs-ts/");
}

/** A page that came over https finds the other server's on the port that this one has. */
function consoleUrl(address) {
  const url = address === "" ? null : httpUrl(`${location.protocol}//${address}/console/`);
  if (url !== null && location.protocol === "https:") url.port = location.port;
  return url?.href ?? null;
}
