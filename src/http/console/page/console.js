import { Actions } from "./actions.js";
import { Cluster } from "./cluster.js";
import { Details } from "./details.js";
import { byId, setAttribute, setText, sparkline } from "./dom.js";
import { bitrate, clockTime, count, plural } from "./format.js";
import { LOAD_SAMPLES } from "./history.js";
import { localPage } from "./local_page.js";
import { OwnServer } from "./own_server.js";
import { PagedTable } from "./paged_table.js";
import { PlayerDialog } from "./player_dialog.js";
import { Problems } from "./problems.js";
import { showPublishHint } from "./publish_hint.js";
import { serverColumns, serverShape } from "./columns/server_columns.js";

/** The page `/console/`: polls, shows, and tells of changes in few words. */

const SAY_EVERY_MS = 5000;

const notice = byId("notice");
const server = new OwnServer();
const actions = new Actions(server, { tell: (text) => notify(text), onDone: () => cluster.refresh() });
const player = new PlayerDialog();
const problems = new Problems();
const details = new Details(server, { play: (row) => player.open(row), kick: (row) => actions.kick(row) });
const cluster = new Cluster(server, { list: () => details.poll(), onChange: () => show() });
const servers = new PagedTable(
  byId("servers"),
  serverColumns({
    show(member) {
      details.select(member.coworker);
      byId("details").scrollIntoView();
    },
    drain: (member) => actions.drain(member),
  }),
  () => showServers(),
);
const curves = Object.fromEntries(
  ["streams", "viewers", "recv", "send"].map((name) => {
    const curve = sparkline(LOAD_SAMPLES);
    byId(`total-${name}`).append(curve.svg);
    return [name, curve];
  }),
);

let isHinted = false;

/** Once, as soon as the server answers. */
async function hint() {
  if (isHinted || cluster.status !== "up") return;
  isHinted = true;
  try {
    showPublishHint((await server.ask("/console/api/node")).data);
  } catch {
    // The text without addresses does, until the next poll.
    isHinted = false;
  }
}

function show() {
  const { view } = cluster;
  hint();
  details.showMembers(view.members);
  showServers();
  showTotals(view.totals);
  problems.show(view.problems);
  showState();
  announceChanges(view.members);
}

function showServers() {
  const { members, nowMs } = cluster.view;
  const { rows, ...counts } = localPage(members, servers, serverShape);
  servers.show(rows.map((member) => ({ ...member, nowMs })), counts);
}

function showTotals(totals) {
  if (totals === null) return;
  const { members, up, origins, edges } = totals;
  setText(byId("up-servers"), members === up ? count(up) : `${count(up)} of ${count(members)}`);
  setText(byId("server-kinds"), members > 1 ? `${plural(origins, "origin")}, ${plural(edges, "edge")}` : "");
  const { history } = cluster;
  const values = { streams: "streams", viewers: "viewers", recv: "recv_kbps", send: "send_kbps" };
  for (const [name, member] of Object.entries(values)) {
    const isRate = member.endsWith("kbps");
    setText(byId(`now-${name}`), (isRate ? bitrate : count)(totals[member]));
    curves[name].update(history.of(member));
  }
}

/** Whether this server answers, and how the cluster is. */
function showState() {
  const { status, error, seenAt, view: { state } } = cluster;
  const since = seenAt ? ` since ${clockTime(seenAt)}` : "";
  const lost = {
    locked: `${server.label} ${error}.`,
    down: `${server.label} ${/^(not|no)/.test(error) ? `is ${error}${since}` : error}. Trying again.`,
  }[status] ?? "";
  setText(byId("problem-text"), lost);
  byId("problem").hidden = lost === "";
  byId("sign-in").hidden = status !== "locked";
  const texts = { new: "Connecting", up: healthText(), down: "No connection", locked: "Locked" };
  setText(byId("live-text"), cluster.paused ? `Paused: ${healthText()}` : texts[status]);
  // A pause does not make it well.
  const health = state === "degraded" ? "down" : cluster.paused ? "paused" : "up";
  setAttribute(byId("live"), "data-state", status === "up" ? health : status);
  setText(byId("updated"), seenAt ? clockTime(seenAt) : "");
  const self = cluster.view.members.find(({ isSelf }) => isSelf);
  setText(byId("version"), self ? String(self.software).replace("/", " ") : "");
}

/** The state of the cluster, in some words. */
function healthText() {
  const { totals, state, problems: all } = cluster.view;
  if (totals === null) return "unknown";
  const { members, down, draining } = totals;
  if (down > 0) return `${count(down)} of ${plural(members, "server")} down`;
  const wrong = all.filter(({ severity }) => severity !== "note").length;
  if (state === "degraded") return plural(wrong, "problem");
  if (draining > 0) return `${count(draining)} of ${plural(members, "server")} draining`;
  return members === 1 ? "Healthy" : `All ${count(members)} servers up`;
}

let known = null;
const toSay = [];
let sayTimer;

/** Says what came and went, not what moves all the time. */
function announceChanges(members) {
  const now = new Map(members.map(({ label, state }) => [label, String(state)]));
  if (known !== null) {
    for (const [label, state] of now) if (known.get(label) !== state) toSay.push(`Server ${label} is ${state}`);
    for (const label of known.keys()) if (!now.has(label)) toSay.push(`Server ${label} left`);
  }
  if (members.length > 0) known = now;
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
  if (!cluster.paused) cluster.refresh();
  show();
});
byId("sign-in").addEventListener("click", () => cluster.signIn());
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) cluster.refresh();
});
show();
cluster.run();
