import type { Mutation } from "./mutation.ts";

/** Of how servers find each other's streams. */
export const clusterMutations: readonly Mutation[] = [
  {
    name: "skip the epoch check",
    file: "cluster/epoch_book.ts",
    find: "if (fed === undefined || epoch >= fed.epoch) return true;",
    replace: "return true;",
    breaks: "a server that stood still feeds an edge with what another has taken over",
  },
  {
    name: "poll without bound",
    file: "upstream/pull/stream_pull.ts",
    find: "await this.#rest(pauseMs - (timers.nowMs() - startedMs), this.#targets);",
    replace: "await this.#rest(1, this.#targets);",
    breaks: "a pull that finds nothing asks all origins without a pause",
  },
  {
    name: "keep a pull",
    file: "upstream/pull/pull_registry.ts",
    find: "if (entry.leases.size > 0 || this.#entries.get(source) !== entry) return;",
    replace: "return;",
    breaks: "a stream is pulled after its last player has left",
  },
  {
    name: "forget to cancel a timer",
    file: "upstream/pull/pull_registry.ts",
    find: "    entry.lingerTimer?.cancel();\n    entry.lingerTimer = null;\n",
    replace: "",
    breaks: "a pull ends under players that came while it lingered",
  },
  {
    name: "no idle_timeout",
    file: "upstream/pull/run.ts",
    find: "if (!this.#over) this.#options.onSilence(error, this.#watch.heardMs);",
    replace: "",
    breaks: "an edge stays with a server that hangs",
  },
  {
    name: "race for nobody",
    file: "upstream/pull/race.ts",
    find: "    for (const run of this.#runs.keys()) run.stop();\n    this.#finish",
    replace: "    this.#finish",
    breaks: "a pull that is over leaves its connections",
  },
  {
    name: "ask one origin alone",
    file: "upstream/pull/race.ts",
    find: "if (this.#waiting.length === 0 || this.#over) return;",
    replace: "return;",
    breaks: "a server that does not answer keeps all others from being asked",
  },
  {
    name: "follow no redirect",
    file: "upstream/pull/race.ts",
    find: "if (next !== null) return void this.#follow(next, origin, policy);",
    replace: "",
    breaks: "a stream that is at an unknown origin is not found",
  },
  {
    name: "both give way",
    file: "cluster/mesh/rivals.ts",
    find: 'return mode === "takeover" ? isNewer(other, own) : isNewer(own, other);',
    replace: "return true;",
    breaks: "of two publishers none stays",
  },
  {
    name: "tell no rival",
    file: "cluster/mesh/mesh_claim.ts",
    find: "if (owner !== null && mustTell(owner)) await this.#tell(owner);\n    if (this.#isOver) return;",
    replace: "return;",
    breaks: "two origins publish one stream",
  },
  {
    name: "forget that it drains",
    file: "server/publish/publish_role.ts",
    find: "    if (!canReconnect(session)) return;\n    if (!drain",
    replace: "    return;\n    if (!drain",
    breaks: "publishers are not asked to leave a server that stops",
  },
  {
    name: "older epochs",
    file: "cluster/epoch_book.ts",
    find: "Math.max(Math.round(this.#clock.wallMs() + this.#aheadMs()), known + 1)",
    replace: "Math.round(this.#clock.wallMs())",
    breaks: "a publish whose clock is behind is taken for an old one",
  },
];
