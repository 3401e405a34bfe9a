import { Histories } from "./history.js";

export const POLL_MS = 2000;
const TIMEOUT_MS = 5000;
/** More streams or clients of one server are counted, not listed. */
const LISTED = 200;

/** One server: what its API says, asked for every two seconds, with one request where the server is of this kind. */
export class ServerNode {
  /** `new`, `up`, `down` or `locked` (it wants a password). */
  status = "new";
  /** Why it is not up, for people. */
  error = "";
  /** When it was last seen up. */
  seenAt = null;
  /** Role, version, where HTTP-FLV is; null for a server that is not of this kind. */
  info = null;
  /** By this id a server that goes by two addresses is known. */
  service = "";
  summary = null;
  streams = [];
  clients = [];
  edge = null;
  /** Why it takes no new clients; empty while it does. */
  notReady = "";
  /** Players that are people; null where the server does not tell people from servers, as SRS. */
  viewers = null;
  /** Players that are servers. */
  downstream = null;
  histories = new Histories();
  /** Who makes this server act: a page may act on no server but its own. `{ self, name }`, or null for nobody. */
  agent = null;
  /** Without credentials, else the browser's question would come again with each poll that is refused. */
  #access = { credentials: "omit", timeoutMs: TIMEOUT_MS };
  /** It has no page for all at once: an older one, or SRS. */
  #tellsInPieces = false;
  /** What a server that tells in pieces is; null for SRS, undefined until it was asked. */
  #node;
  #queue = Promise.resolve();
  #wake = () => {};
  #ended = false;
  #onChange;

  /** @param base Origin of its API, such as `http://127.0.0.1:1985`. */
  constructor(base, { isSelf = false, onChange = () => {} } = {}) {
    this.base = base;
    this.isSelf = isSelf;
    this.label = new URL(base).host;
    this.#onChange = onChange;
  }

  get isUp() {
    return this.status === "up";
  }

  get role() {
    return this.info?.role ?? (this.edge?.pulls?.length > 0 ? "edge" : this.summary ? "origin" : "");
  }

  /** Polls until `end`, but not while `mayPoll` says no. */
  async run(mayPoll) {
    while (!this.#ended) {
      const startMs = performance.now();
      if (mayPoll() && this.status !== "locked") {
        await this.#poll();
        if (!this.#ended) this.#onChange();
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
    this.#wake();
  }

  /** Lets the browser ask for the password, which it does only for this server; it takes as long as the user does. */
  signIn() {
    this.#access = { credentials: "same-origin" };
    this.status = "new";
    this.#wake();
  }

  end() {
    this.#ended = true;
    this.#wake();
  }

  /** Whether this page can make it act. */
  get canAct() {
    return this.isSelf || this.agent !== null;
  }

  /** Ends a client's connection. */
  kick(id) {
    return this.#act({ do: "kick", id }, "DELETE", `/api/v1/clients/${encodeURIComponent(id)}`);
  }

  /** Begins its graceful stop. */
  drain() {
    return this.#act({ do: "drain" }, "POST", "/api/v1/drain");
  }

  async #act(query, method, path) {
    if (this.isSelf) await this.#ask(path, { method });
    else await this.agent.self.makeAct({ server: this.agent.name, ...query });
    this.refresh();
  }

  /** Lets this server act on its coworker. */
  makeAct(query) {
    const text = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&");
    return this.#ask(`/console/api/act?${text}`, { method: "POST" });
  }

  async #poll() {
    try {
      const state = await this.#state();
      this.info = state.node;
      this.edge = state.edge;
      this.summary = state.summary;
      this.service = state.service ?? "";
      this.notReady = state.not_ready ?? "";
      this.viewers = state.viewers ?? null;
      this.downstream = state.downstream ?? null;
      this.streams = (state.streams ?? []).map((stream) => this.#measure(stream));
      this.clients = state.clients ?? [];
      this.histories.sweep();
      this.status = "up";
      this.#access.timeoutMs = TIMEOUT_MS;
      this.error = "";
      this.seenAt = new Date();
    } catch (error) {
      this.status = error.status === 401 ? "locked" : "down";
      if (this.status === "locked") this.#access = { credentials: "omit", timeoutMs: TIMEOUT_MS };
      this.error = error.message;
      // It may come back as another one.
      this.#tellsInPieces = false;
      this.#node = undefined;
      this.info = null;
      this.streams = [];
      this.clients = [];
      this.edge = null;
      this.notReady = "";
      this.viewers = this.downstream = null;
    }
  }

  /** Everything about the server. */
  async #state() {
    if (!this.#tellsInPieces) {
      try {
        const { data, service } = await this.#ask("/console/api/state");
        return { ...data, service };
      } catch (error) {
        if (error.status === undefined || error.status === 401) throw error;
        this.#tellsInPieces = true;
      }
    }
    if (this.#node === undefined) this.#node = await this.#info();
    const node = this.#node;
    const { data: summary, service } = await this.#ask("/api/v1/summaries");
    const { streams } = await this.#ask(`/api/v1/streams/?start=0&count=${LISTED}`);
    const { clients } = await this.#ask(`/api/v1/clients/?start=0&count=${LISTED}`);
    // Origins pull too, for players that cannot follow a redirect.
    const edge = node === null ? null : (await this.#ask("/api/v1/edges")).data;
    return { node, summary, service, streams, clients, edge };
  }

  /** Null for a server that has no such page, as SRS. */
  async #info() {
    try {
      return (await this.#ask("/console/api/node")).data;
    } catch (error) {
      if (error.status === undefined || error.status === 401) throw error;
      return null;
    }
  }

  #measure(stream) {
    const nowMs = performance.now();
    const sample = (name, total) => {
      const history = this.histories.of(`${name} ${stream.url}`);
      history.sample(total ?? 0, nowMs);
      return history;
    };
    return {
      ...stream,
      recv: sample("recv", stream.recv_bytes),
      send: sample("send", stream.send_bytes),
      frameRate: sample("frames", stream.frames),
    };
  }

  #ask(path, init = {}) {
    const answer = this.#queue.then(() => ask(this.base, path, { ...init, ...this.#access }));
    this.#queue = answer.catch(() => {});
    return answer;
  }
}

async function ask(base, path, { timeoutMs, ...init }) {
  let response;
  try {
    const signal = timeoutMs === undefined ? null : AbortSignal.timeout(timeoutMs);
    response = await fetch(base + path, { ...init, cache: "no-store", signal });
  } catch (error) {
    const late = error.name === "TimeoutError";
    throw new Error(late ? `no answer within ${TIMEOUT_MS / 1000} seconds` : "not reachable", { cause: error });
  }
  if (response.status === 401) throw failure(401, "asks for a user name and password");
  const body = await response.json().catch((error) => {
    if (!response.ok) return null;
    throw failure(response.status, `did not answer as the API does (${error.name})`);
  });
  if (!response.ok) {
    const reason = typeof body?.message === "string" ? `: ${body.message}` : "";
    throw failure(response.status, `answered with HTTP status ${response.status}${reason}`);
  }
  if (body?.code !== 0) throw failure(200, `answered with error ${Number(body?.code)}`);
  return body;
}

function failure(status, message) {
  return Object.assign(new Error(message), { status });
}
