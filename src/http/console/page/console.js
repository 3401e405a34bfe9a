import { Actions } from "./actions.js";
import { Cluster } from "./cluster.js";
import { byId, setAttribute, setText, sparkline } from "./dom.js";
import { bitrate, clockTime, count, plural } from "./format.js";
import { PlayerDialog } from "./player_dialog.js";
import { Table } from "./table.js";
import { clientColumns, pullColumns, serverColumns, streamColumns, upstreamColumns } from "./views.js";

/** The page `/console/`: polls, shows, and tells of changes in few words. */

const SHOWN_CLIENTS = 100;
const SAY_EVERY_MS = 5000;

const notice = byId("notice");
const actions = new Actions((text) => notify(text));
const player = new PlayerDialog();
const cluster = new Cluster(() => scheduleShow());
const tables = {
  servers: new Table(
    "servers",
    serverColumns({
      remove: (node) => cluster.remove(node),
      signIn: (node) => node.signIn(),
      drain: (node) => actions.drain(node),
    }),
  ),
  streams: new Table("streams", streamColumns((row) => player.open(row, cluster.nodes))),
  clients: new Table("clients", clientColumns((row) => actions.kick(row))),
  pulls: new Table("pulls", pullColumns),
  upstreams: new Table("upstreams", upstreamColumns),
};
const curves = { recv: sparkline(75), send: sparkline(75) };
byId("total-recv").append(curves.recv.svg);
byId("total-send").append(curves.send.svg);

let scheduled = false;

/** Once per picture, however many servers answer at that moment. */
function scheduleShow() {
  if (scheduled) return;
  scheduled = true;
  requestAnimationFrame(() => {
    scheduled = false;
    show();
  });
}

function show() {
  const { nodes, self } = cluster;
  const streams = cluster.streams();
  tables.servers.show(nodes.map((node) => ({ key: node.base, node })));
  tables.streams.show(streams);
  showClients(cluster.clients());
  const [pulls, upstreams] = [cluster.pulls(), cluster.upstreams()];
  tables.pulls.show(pulls);
  tables.upstreams.show(upstreams);
  byId("pulls").hidden = pulls.length === 0 && !nodes.some(({ role }) => role.includes("edge"));
  byId("upstreams").hidden = upstreams.length === 0;
  showTotals(nodes, streams);
  showState(self, nodes);
  announceChanges(nodes, streams);
}

function showTotals(nodes, streams) {
  const up = nodes.filter((node) => node.isUp).length;
  setText(byId("total-servers"), nodes.length === up ? count(up) : `${up} of ${nodes.length}`);
  setText(byId("total-streams"), count(streams.filter(({ isActive }) => isActive).length));
  setText(byId("total-viewers"), count(cluster.viewers(streams)));
  for (const name of ["recv", "send"]) {
    const kbps = cluster[name].rates.map((bytes) => bytes * 8 / 1000);
    setText(byId(`rate-${name}`), bitrate(kbps.at(-1)));
    curves[name].update(kbps);
  }
}

function showClients(rows) {
  const wanted = byId("filter").value.trim().toLowerCase();
  const fits = ({ client }) => `${client.ip} ${client.url} ${client.id}`.toLowerCase().includes(wanted);
  const found = wanted === "" ? rows : rows.filter(fits);
  tables.clients.show(found.slice(0, SHOWN_CLIENTS));
  setText(byId("no-clients"), rows.length === 0 ? "Nobody is connected." : "No client matches the filter.");
  const total = cluster.nodes.reduce((sum, { summary }) => sum + (summary?.system?.conn_srs ?? 0), 0);
  const shown = Math.min(found.length, SHOWN_CLIENTS);
  const more = wanted === "" ? Math.max(found.length, total) : found.length;
  setText(byId("more-clients"), shown < more && shown === SHOWN_CLIENTS ? `The first ${shown} of ${more}.` : "");
}

/** What is wrong stands at the top: with this server, or else with others, in whose rows it is told. */
function showState(self, nodes) {
  const problem = {
    locked: `${self.label} ${self.error}.`,
    down: `${self.label} is ${self.error}${self.seenAt ? ` since ${clockTime(self.seenAt)}` : ""}. Trying again.`,
  }[self.status] ?? "";
  const down = nodes.filter(({ status }) => status === "down");
  const others = self.status === "up" && down.length > 0
    ? `${plural(down.length, "server")} down: ${listOf(down)}.`
    : "";
  setText(
    byId("problem-text"),
    self.status === "down" && !/^(not|no)/.test(self.error)
      ? `${self.label} ${self.error}. Trying again.`
      : problem || others,
  );
  byId("problem").hidden = problem === "" && others === "";
  byId("sign-in").hidden = self.status !== "locked";
  const state = cluster.paused ? "paused" : self.status;
  const texts = { paused: "Paused", new: "Connecting", up: "Live", down: "No connection", locked: "Locked" };
  setText(byId("live-text"), others === "" ? texts[state] : `${texts[state]}, ${down.length} of ${nodes.length} down`);
  // A pause does not make it well.
  setAttribute(byId("live"), "data-state", others === "" ? state : "down");
  setText(byId("updated"), self.seenAt ? clockTime(self.seenAt) : "");
  setText(byId("version"), self.summary?.self?.version ? `srs-ts ${self.summary.self.version}` : "");
}

/** The first names, and how many more there are. */
function listOf(nodes) {
  const names = nodes.slice(0, 3).map(({ label, error }) => `${label} (${error})`);
  return [...names, ...(nodes.length > 3 ? [`${nodes.length - 3} more`] : [])].join(", ");
}

let known = null;
const toSay = [];
let sayTimer;

/** Says what came and went, not what moves all the time. */
function announceChanges(nodes, streams) {
  if (nodes.some(({ status }) => status === "new")) return;
  const now = new Map([
    ...streams.filter(({ isActive }) => isActive).map(({ key }) => [`Stream ${key}`, "started"]),
    ...nodes.map((node) => [`Server ${node.label}`, node.isUp ? "is up" : `is down: ${node.error}`]),
  ]);
  if (known !== null) {
    for (const [name, state] of now) if (known.get(name) !== state) toSay.push(`${name} ${state}`);
    for (const name of known.keys()) if (!now.has(name)) toSay.push(`${name} ended`);
  }
  known = now;
  if (toSay.length > 0) sayTimer ??= setTimeout(say, 500);
}

function say() {
  const changes = toSay.splice(0);
  const rest = changes.length - 3;
  setText(byId("changes"), [...changes.slice(0, 3), ...(rest > 0 ? [plural(rest, "more change")] : [])].join(". "));
  sayTimer = setTimeout(() => {
    sayTimer = undefined;
    if (toSay.length > 0) say();
  }, SAY_EVERY_MS);
}

let noticeTimer;

function notify(text) {
  clearTimeout(noticeTimer);
  setText(notice, text);
  noticeTimer = setTimeout(() => setText(notice, ""), 8000);
}

byId("pause").addEventListener("click", () => {
  cluster.paused = !cluster.paused;
  setText(byId("pause"), cluster.paused ? "Resume" : "Pause");
  if (!cluster.paused) { for (const node of cluster.nodes) if (node.status !== "locked") node.refresh(); }
  scheduleShow();
});
byId("sign-in").addEventListener("click", () => cluster.self.signIn());
byId("filter").addEventListener("input", () => scheduleShow());
byId("add").addEventListener("submit", (event) => {
  event.preventDefault();
  const problem = cluster.add(byId("address").value);
  setText(byId("add-problem"), problem);
  setAttribute(byId("address"), "aria-invalid", problem === "" ? null : "true");
  if (problem === "") byId("address").value = "";
  scheduleShow();
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) { for (const node of cluster.nodes) if (node.status !== "locked") node.refresh(); }
});
scheduleShow();
