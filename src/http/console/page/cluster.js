import { LoadHistory } from "./history.js";

const POLL_MS = 2000;
/** Most servers that a page shows; they are counted beyond that. */
const MAX_MEMBERS = 10_000;
const NOTHING = { members: [], problems: [], totals: null, state: "", nowMs: 0 };

/** The cluster as the server of this page knows it, and the list that is open: both asked for every two seconds. */
export class Cluster {
  /** `new`, `up`, `down` or `locked` (it wants a password): whether the page's own server answers. */
  status = "new";
  /** Why it does not, for people. */
  error = "";
  /** When it last answered. */
  seenAt = null;
  view = NOTHING;
  history = new LoadHistory();
  paused = false;
  #server;
  #list;
  #onChange;
  #wake = () => {};
  /** The list that is being asked for; null while none is. */
  #listing = null;

  /**
   * @param list Asks for the list that is open; rejects if it cannot be had.
   * @param onChange Called after each poll.
   */
  constructor(server, { list, onChange }) {
    this.#server = server;
    this.#list = list;
    this.#onChange = onChange;
  }

  /** Polls for as long as the page lives. */
  async run() {
    for (;;) {
      const startMs = performance.now();
      if (!this.paused && !document.hidden && this.status !== "locked") {
        await this.#poll();
        this.#onChange();
      }
      const restMs = Math.max(250, POLL_MS - (performance.now() - startMs));
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, restMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Polls now. */
  refresh() {
    if (this.status !== "locked") this.#wake();
  }

  signIn() {
    this.#server.signIn();
    this.status = "new";
    this.#wake();
  }

  async #poll() {
    try {
      this.view = readView(await this.#server.ask("/api/v1/cluster"));
      // Also after a break: what the page has missed, its server has kept.
      if (this.history.lacks(this.view.nowMs)) {
        this.history.load((await this.#server.ask("/console/api/history")).data);
      }
      this.history.add(this.view);
      this.status = "up";
      this.error = "";
      this.seenAt = new Date();
      // Another server may be slow to answer: that holds up nothing else.
      this.#listing ??= this.#list().catch(() => {}).finally(() => this.#listing = null);
    } catch (error) {
      this.status = error.status === 401 ? "locked" : "down";
      this.error = error.message;
    }
  }
}

/** What the page needs of the answer, in its own names; each member with a `key` and a `label`. */
function readView({ state, now_ms: nowMs, totals, members, problems }) {
  const seen = new Map();
  const shown = (members ?? []).slice(0, MAX_MEMBERS).map((member) => {
    const label = member.address || member.rtmp || member.id;
    const times = seen.get(label) ?? 0;
    seen.set(label, times + 1);
    return {
      ...member,
      label,
      key: times === 0 ? label : `${label} ${times}`,
      isSelf: member.link === "self",
      // How the page's server calls it; it passes on nothing to others.
      coworker: member.link === "coworker" ? member.address : "",
      // Servers of another kind have no such lists.
      isListed: member.link === "self" || (member.link === "coworker" && !/^SRS\//.test(member.software)),
    };
  });
  return { state, nowMs, totals, members: shown, problems: problems ?? [] };
}
