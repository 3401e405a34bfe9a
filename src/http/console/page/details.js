import { clientColumns } from "./columns/client_columns.js";
import { byId, element, setAttribute, setText } from "./dom.js";
import { eventColumns } from "./columns/event_columns.js";
import { Histories } from "./history.js";
import { PAGE_ROWS, PagedTable } from "./paged_table.js";
import { copyColumns, pullColumns, upstreamColumns } from "./columns/pull_columns.js";
import { streamColumns } from "./columns/stream_columns.js";
import { Table } from "./table.js";

const tabs = ["streams", "clients", "pulls", "copies", "events"];

/** Lists of one server, one of them open: its page of rows is all that is asked for. */
export class Details {
  /** Address of the coworker whose lists are shown; empty for the page's own server. */
  #coworker = "";
  #open = "streams";
  #server;
  #members = [];
  #histories = new Histories();
  #choice = byId("server");
  #tables;
  #origins = new Table(byId("upstreams"), upstreamColumns);
  /** Answers to questions before this one come too late. */
  #asked = 0;

  /** @param actions `play` with the row of a stream, `kick` with that of a client. */
  constructor(server, actions) {
    this.#server = server;
    const want = () => this.#askNow();
    this.#tables = {
      streams: new PagedTable(byId("streams"), streamColumns(actions.play), want),
      clients: new PagedTable(byId("clients"), clientColumns(actions.kick), want),
      pulls: new PagedTable(byId("pulls"), pullColumns, want),
      copies: new PagedTable(byId("copies"), copyColumns, want),
      events: new PagedTable(byId("events"), eventColumns, want),
    };
    this.#choice.addEventListener("change", () => this.select(this.#choice.value));
    addEventListener("hashchange", () => this.#openTab());
    this.#openTab();
  }

  /** Shows the lists of another server. */
  select(coworker) {
    this.#coworker = coworker;
    this.#choice.value = coworker;
    for (const table of Object.values(this.#tables)) table.rewind();
    this.#askNow();
  }

  /** Keeps the choice of servers up to date. */
  showMembers(members) {
    this.#members = members;
    const wanted = members.filter(({ isListed }) => isListed).map(({ coworker, label, isSelf, state }) => ({
      value: coworker,
      text: `${label}${isSelf ? " (this server)" : state === "down" ? " (down)" : ""}`,
    }));
    // Only changed where it must: an open list of choices would close.
    const now = [...this.#choice.options].map(({ value, text }) => ({ value, text }));
    if (JSON.stringify(now) !== JSON.stringify(wanted)) {
      this.#choice.replaceChildren(...wanted.map(({ value, text }) => element("option", { value }, text)));
    }
    if (wanted.length > 0 && !wanted.some(({ value }) => value === this.#coworker)) this.#coworker = "";
    this.#choice.value = this.#coworker;
    byId("server-field").hidden = wanted.length < 2;
  }

  /** Asks for the open list, and shows it or why it cannot be had; rejects only where a password is wanted. */
  async poll() {
    const [open, coworker, asked] = [this.#open, this.#coworker, ++this.#asked];
    const { filter, sort, isDescending, start } = this.#tables[open];
    const query = new URLSearchParams({ filter, sort: `${isDescending ? "-" : ""}${sort}`, start, count: PAGE_ROWS });
    if (coworker !== "") query.set("server", coworker);
    let problem = "";
    try {
      const { data } = await this.#server.ask(`/console/api/list/${open}?${query}`);
      if (asked === this.#asked) this.#show(open, data ?? {});
    } catch (error) {
      if (error.status === 401) throw error;
      problem = `${coworker === "" ? `${this.#server.label} ` : ""}${error.message}`;
      if (asked === this.#asked) this.#tables[open].show([], { found: 0, total: 0 });
    }
    if (asked === this.#asked) setText(byId("list-problem"), problem);
  }

  get #member() {
    return this.#members.find(({ isListed, coworker }) => isListed && coworker === this.#coworker) ??
      { label: this.#server.label, coworker: this.#coworker };
  }

  #askNow() {
    this.poll().catch(() => {});
  }

  #openTab() {
    const name = location.hash.slice(1);
    if (tabs.includes(name)) this.#open = name;
    for (const tab of tabs) byId(tab).hidden = tab !== this.#open;
    for (const link of document.querySelectorAll(".tabs a")) {
      setAttribute(link, "aria-current", link.hash === `#${this.#open}` ? "page" : null);
    }
    byId("upstreams").hidden = true;
    if (this.#members.length > 0) this.#askNow();
  }

  #show(open, data) {
    const { rows = [], total = 0, found = 0 } = data;
    const make = {
      streams: (stream) => this.#streamRow(stream, data),
      clients: (client) => this.#clientRow(client),
      pulls: (pull) => ({ key: pull.url, pull }),
      copies: (copy) => ({ key: copy.id, copy }),
      events: (event) => ({ key: event.id, event }),
    }[open];
    this.#tables[open].show(rows.map(make), { found, total });
    if (open === "streams") this.#histories.sweep();
    const origins = open === "pulls" ? data.origins ?? [] : [];
    this.#origins.show(origins.map((origin) => ({ key: origin.origin, origin })));
    byId("upstreams").hidden = origins.length === 0;
  }

  #streamRow(stream, { flv }) {
    const nowMs = performance.now();
    const sample = (name, total) => {
      const history = this.#histories.of(`${this.#coworker} ${name} ${stream.url}`);
      history.sample(Number(total) || 0, nowMs);
      return history;
    };
    return {
      key: stream.url,
      stream,
      flv,
      member: this.#member,
      recv: sample("recv", stream.recv_bytes),
      frames: sample("frames", stream.frames),
    };
  }

  #clientRow(client) {
    return {
      key: client.id,
      client,
      member: this.#member,
      // The server that plays it, if it is known.
      peer: client.server === true ? this.#members.find(({ id }) => id === client.instance) ?? null : null,
    };
  }
}
