import type { SimPlayer } from "../actors/player.ts";
import type { Truth } from "../truth.ts";
import type { ClientMachine, ClusterView, OwnServerView } from "../world/cluster_view.ts";

/** A viewer who got a frame this long ago is connected. */
const FED_MS = 1500;
/** Encoders that fight take turns that are no longer: answers are of before and after one. */
const FIGHT_MS = 4000;
const MAX_CLIENTS = 1000;
/** Servers answer at different moments, between which clients come and go: what is true is true in one of so many looks. */
const LOOKS = 3;
const AGAIN_MS = 900;

interface Answers {
  readonly clients: { readonly publish: boolean; readonly server?: boolean; readonly name: string }[];
  readonly streams: {
    name: string;
    clients: number;
    viewers: number;
    downstream: number;
    publish: { active: boolean };
  }[];
  readonly cluster: {
    readonly totals: { viewers: number };
    readonly members: { id: string; address: string; rtmp: string; link: string; state: string; problem: string }[];
    readonly problems: { member: string; severity: string }[];
  };
}

/** Who says something that is not so, and what. */
type Finding = readonly [who: string, text: string];

/** What servers tell in quiet is true: of their clients, of their streams, and of each other. */
export class CounterCheck {
  readonly #cluster: ClusterView;
  readonly #truth: Truth;
  readonly #players: readonly SimPlayer[];
  readonly #knowsCoworkers: boolean;
  readonly #onFault: (who: string, text: string) => void;

  constructor(
    { cluster, truth, players, knowsCoworkers }: {
      cluster: ClusterView;
      truth: Truth;
      players: readonly SimPlayer[];
      knowsCoworkers: boolean;
    },
    onFault: (who: string, text: string) => void,
  ) {
    this.#cluster = cluster;
    this.#truth = truth;
    this.#players = players;
    this.#knowsCoworkers = knowsCoworkers;
    this.#onFault = onFault;
  }

  /**
   * Asks every server, again where something is not so; of each other only those tell that are coworkers. Simulated time
   * has to go on meanwhile.
   */
  async look(): Promise<void> {
    const observer = this.#cluster.machine("observer");
    let found: readonly Finding[] = [];
    for (let looks = 0; looks < LOOKS; looks++) {
      if (looks > 0) await new Promise<void>((resolve) => observer.after(AGAIN_MS, resolve));
      found = await this.#lookOnce(observer);
      if (found.length === 0) return;
    }
    for (const [who, text] of found) this.#onFault(who, text);
  }

  async #lookOnce(observer: ClientMachine): Promise<readonly Finding[]> {
    const found: Finding[] = [];
    const onFault = (who: string, text: string) => void found.push([who, text]);
    const get = async (ip: string, path: string) =>
      await observer.fetch(`http://${ip}:${this.#cluster.ports.api}${path}`, {});
    await Promise.all([...this.#cluster.servers.values()].map(async (server) => {
      const { ip, name } = server;
      try {
        const ready = await get(ip, "/readyz");
        const readiness = await ready.text();
        if (ready.status !== 200) onFault(name, `is not ready in quiet: ${readiness}`);
        const json = async (path: string) => await (await get(ip, path)).json();
        this.#compare(server, {
          clients: (await json(`/api/v1/clients/?count=${MAX_CLIENTS}`)).clients,
          streams: (await json(`/api/v1/streams/?count=${MAX_CLIENTS}`)).streams,
          cluster: await json("/api/v1/cluster"),
        }, (text) => onFault(name, text));
      } catch (error) {
        onFault(name, `does not answer in quiet: ${error}`);
      }
    }));
    return found;
  }

  #compare(server: OwnServerView, { clients, streams, cluster }: Answers, fail: (text: string) => void): void {
    const { name, ip, isEdge } = server;
    const published = this.#truth.sessions.filter(({ server, endMs }) => server === name && endMs === Infinity);
    const publishing = clients.filter(({ publish }) => publish);
    if (publishing.length !== published.length && !this.#isFight()) {
      fail(`counts ${publishing.length} publishers, but has ${published.length}`);
    }
    const viewers = clients.filter(({ publish, server = false }) => !publish && !server).length;
    // Who follows redirects may be about to.
    const here = this.#people.filter(({ at, plan }) => plan.server === name || at === ip);
    const fed = here.filter((player) =>
      player.at === ip && !isFarBehind(player) && this.#cluster.nowMs - player.lastFrameMs < FED_MS
    );
    if (viewers < fed.length || viewers > here.length) {
      fail(`counts ${viewers} viewers, but has ${fed.length} to ${here.length}`);
    }
    const sum = (count: (stream: Answers["streams"][number]) => number) =>
      streams.reduce((all, stream) => all + count(stream), 0);
    for (const { plan: { stream } } of published) {
      // Of several, all but one may be on standby.
      if (this.#truth.live(stream).length > 1) continue;
      if (!streams.some(({ name, publish }) => name === stream && publish.active)) fail(`does not list ${stream}`);
    }
    if (this.#knowsCoworkers) this.#compareMembers(cluster, { isEdge, fail });
    // The answers are of different moments: who waits in vain comes and goes.
    if (!this.#isSettled() || this.#isFight()) return;
    if (sum((stream) => stream.clients) !== clients.length || sum((stream) => stream.viewers) !== viewers) {
      fail(`counts ${clients.length} clients, but ${sum((stream) => stream.clients)} of its streams`);
    }
  }

  get #people(): SimPlayer[] {
    return this.#players.filter(({ isThere, isPerson }) => isThere && isPerson);
  }

  /** An encoder has just come, in quiet: others will follow it. */
  #isFight(): boolean {
    return this.#truth.sessions.some(({ sinceMs }) => this.#cluster.nowMs - sinceMs < FIGHT_MS);
  }

  /** All viewers have what they want. */
  #isSettled(): boolean {
    return this.#players.every(({ isThere, lastFrameMs }) => !isThere || this.#cluster.nowMs - lastFrameMs < FED_MS);
  }

  #compareMembers(
    { totals, members, problems }: Answers["cluster"],
    { isEdge, fail }: { isEdge: boolean; fail(text: string): void },
  ) {
    for (const { address, rtmp, id, state, problem, link } of members) {
      const isNote = problems.every(({ member, severity }) => member !== id || severity === "note");
      // Whoever pulls nothing any more is not heard of.
      if (link === "downstream" && isNote && !this.#cluster.isFed(id)) continue;
      const who = `${link} ${address || rtmp || id}`;
      if (state !== "up") fail(`says ${who} is ${state} in quiet: ${problem}`);
      else if (problem !== "") fail(`finds a fault with ${who} in quiet: ${problem}`);
    }
    if (isEdge) return;
    const origins = this.#cluster.origins().length;
    const known = members.filter(({ link }) => link === "self" || link === "coworker").length;
    if (known !== origins) fail(`knows ${known} origins of ${origins}`);
    const people = this.#people;
    const least = people.filter((player) => !isFarBehind(player)).length;
    if (this.#isSettled() && (totals.viewers < least || totals.viewers > people.length)) {
      fail(`counts ${totals.viewers} viewers in the cluster, which has ${least} to ${people.length}`);
    }
  }
}

/** A slow line brings frames long after its server has ended, and the end after those. */
function isFarBehind({ plan: { lineBytesPerMs } }: SimPlayer): boolean {
  return lineBytesPerMs > 0;
}
