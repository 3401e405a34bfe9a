import { RateHistory } from "./history.js";
import { httpUrl } from "./dom.js";
import { ServerNode } from "./node.js";

const STORED = "srs-ts console servers";
const MAX_NODES = 64;

/** All servers that the page shows: this one, its coworkers, and those that the user has added. */
export class Cluster {
  recv = new RateHistory();
  send = new RateHistory();
  paused = false;
  #nodes = new Map();
  /** Servers that are shown, by other names of theirs. */
  #twins = new Map();
  #onChange;
  #lastTotalMs = 0;

  constructor(onChange) {
    this.#onChange = onChange;
    this.self = this.#start(location.origin, { isSelf: true });
    for (const base of readStored()) this.add(base);
  }

  get nodes() {
    return [...this.#nodes.values()];
  }

  /**
   * @param text What the user typed: an address with or without scheme, port and path.
   * @returns Why it cannot be added; empty when it was.
   */
  add(text) {
    const base = baseOf(text);
    if (base === null) return "Not an address: write host:port of the server's HTTP API";
    if (this.#nodes.has(base)) return "This server is already in the list";
    if (this.#nodes.size >= MAX_NODES) return `No more than ${MAX_NODES} servers can be shown`;
    this.#start(base, { isAdded: true });
    this.#store();
    return "";
  }

  remove(node) {
    node.end();
    this.#nodes.delete(node.base);
    this.#store();
    this.#onChange();
  }

  #start(base, { isSelf = false, isAdded = false }) {
    const node = new ServerNode(base, { isSelf, onChange: () => this.#changed(node) });
    node.isAdded = isAdded;
    this.#nodes.set(base, node);
    node.run(() => !this.paused && !document.hidden);
    return node;
  }

  #changed(node) {
    for (const { coworkers } of node.info?.vhosts ?? []) {
      for (const text of coworkers) {
        const base = coworkerBase(text);
        if (base === null) continue;
        if (!this.#isKnown(base) && this.#nodes.size < MAX_NODES) this.#start(base, {});
        const coworker = this.#nodes.get(base) ?? this.#twins.get(base);
        // A server can only act on coworkers of its own.
        if (node.isSelf && coworker !== undefined) coworker.agent = { self: node, name: text };
      }
    }
    this.#dropTwins(node);
    const nowMs = performance.now();
    if (nowMs - this.#lastTotalMs > 1500) {
      this.#lastTotalMs = nowMs;
      const streams = this.nodes.flatMap((each) => each.streams);
      const sum = (name) => streams.reduce((total, stream) => total + (stream[name].latest ?? 0), 0);
      this.recv.push(sum("recv"));
      this.send.push(sum("send"));
    }
    this.#onChange();
  }

  /** A coworker may be listed by another name of a server that is shown. */
  #dropTwins(node) {
    if (node.service === "") return;
    const twins = this.nodes.filter((other) => other.service === node.service);
    const keep = twins.find((each) => each.isSelf) ?? twins.find((each) => each.isAdded) ?? twins[0];
    for (const twin of twins) {
      if (twin === keep || twin.isAdded) continue;
      twin.end();
      this.#nodes.delete(twin.base);
      this.#twins.set(twin.base, keep);
      keep.agent ??= twin.agent;
    }
  }

  #isKnown(base) {
    return this.#nodes.has(base) || this.#twins.has(base);
  }

  #store() {
    try {
      const added = this.nodes.filter((node) => node.isAdded).map((node) => node.base);
      localStorage.setItem(STORED, JSON.stringify(added));
    } catch {
      // Private windows may refuse: the list then lasts as long as the page.
    }
  }

  /** One row per stream, whatever servers have it. */
  streams() {
    const rows = new Map();
    for (const node of this.nodes) {
      for (const stream of node.streams) {
        const row = rows.get(stream.url) ?? { key: stream.url, places: [] };
        row.places.push({ node, stream });
        rows.set(stream.url, row);
      }
    }
    return [...rows.values()].map(describe).sort((a, b) => a.key < b.key ? -1 : 1);
  }

  clients() {
    const byService = new Map(this.nodes.filter(({ service }) => service !== "").map((node) => [node.service, node]));
    return this.nodes.flatMap((node) =>
      node.clients.map((client) => ({
        key: `${node.base} ${client.id}`,
        node,
        client,
        // The server that plays it, if the page shows it.
        peer: client.server === true ? byService.get(client.instance) ?? null : null,
      }))
    );
  }

  /** Players of all servers that are people. */
  viewers(streams) {
    // Of more streams than are listed, a server tells the sum.
    const told = this.nodes.filter(({ viewers }) => viewers !== null);
    const counted = streams.flatMap(({ viewers }) => viewers.filter(({ node }) => node.viewers === null));
    return told.reduce((sum, { viewers }) => sum + viewers, 0) + counted.reduce((sum, each) => sum + each.count, 0);
  }

  pulls() {
    return this.nodes.flatMap((node) =>
      (node.edge?.pulls ?? []).map((pull) => ({ key: `${node.base} ${pull.url}`, node, pull }))
    );
  }

  upstreams() {
    return this.nodes.flatMap((node) =>
      (node.edge?.origins ?? []).map((origin) => ({ key: `${node.base} ${origin.origin}`, node, origin }))
    );
  }
}

function describe({ key, places }) {
  // A pull has an id as a publisher has: only where the stream is not pulled its publisher is connected.
  // One that was pulled before its publisher came here keeps its pull, which then has nothing to do.
  const isPulled = (node) =>
    (node.edge?.pulls ?? []).some(({ url }) => url === key) &&
    !node.clients.some(({ publish, url }) => publish && url === key);
  const hasPublisher = ({ node, stream }) =>
    stream.publish?.active === true && stream.publish.cid !== undefined && !isPulled(node);
  const owner = places.find(hasPublisher) ?? null;
  const source = owner ?? places.find(({ stream }) => stream.publish?.active) ?? places[0];
  const pull = places.flatMap(({ node }) => node.edge?.pulls ?? []).find(({ url }) => url === key);
  const viewers = places.map((place) => ({
    node: place.node,
    // SRS tells only the clients, its edges among them.
    count: place.stream.viewers ?? Math.max(0, place.stream.clients - (hasPublisher(place) ? 1 : 0)),
  }));
  return {
    key,
    places,
    owner,
    source,
    stream: source.stream,
    isActive: places.some(({ stream }) => stream.publish?.active),
    upstream: pull?.upstream ?? "",
    viewers,
    viewerCount: viewers.reduce((sum, each) => sum + each.count, 0),
  };
}

/** A page that came over https may ask nobody over http: a coworker's API is looked for on the port that this one has. */
function coworkerBase(text) {
  const base = baseOf(`http://${text}`);
  if (base === null || location.protocol !== "https:") return base;
  const url = new URL(base);
  url.protocol = "https:";
  url.port = location.port;
  return url.origin;
}

/** `http://host:port`, or null. */
function baseOf(text) {
  const trimmed = text.trim();
  const url = httpUrl(/^https?:\/\//i.test(trimmed) ? trimmed : `${location.protocol}//${trimmed}`);
  // Some browsers take nearly any text for a name.
  return url !== null && /^(?:[a-z\d_.-]+|\[[\da-f:.]+\])$/i.test(url.hostname) ? url.origin : null;
}

function readStored() {
  try {
    const stored = JSON.parse(localStorage.getItem(STORED) ?? "[]");
    return Array.isArray(stored) ? stored.filter((base) => typeof base === "string").slice(0, MAX_NODES) : [];
  } catch {
    return [];
  }
}
