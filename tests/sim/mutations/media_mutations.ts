import type { Mutation } from "./mutation.ts";

/** Of what a source does with media, and its players get. */
export const mediaMutations: readonly Mutation[] = [
  {
    name: "rebase twice",
    file: "stream/timeline.ts",
    find: "this.#awaitsFirstFrame = this.#isNearBase = false;\n    this.#offsetMs",
    replace: "this.#isNearBase = false;\n    this.#awaitsFirstFrame = true;\n    this.#offsetMs",
    breaks: "a server that goes on with the same frames shifts their time",
  },
  {
    name: "time begins again",
    file: "stream/timeline.ts",
    find: "this.#isFirstSession ? 0 : timestampAdd(this.#latestMs, GAP_MS));\n      this.#isFirstSession",
    replace: "0);\n      this.#isFirstSession",
    breaks: "time goes back where another publisher takes over",
  },
  {
    name: "drop the last packet of a flush",
    file: "stream/play_cursor.ts",
    find: "const view = this.#block.view(this.#entry, limit);",
    replace: "const view = this.#block.view(this.#entry, Math.max(this.#entry + 1, limit - 1));",
    breaks: "players miss frames",
  },
  {
    name: "no headers after a switch",
    file: "stream/live_source.ts",
    find: "if (!isRepeat && !isReduced) this.#append(stamped);",
    replace: "",
    breaks: "players that stay decode a new publisher with the headers of the old one",
  },
  {
    name: "start in mid-GOP",
    file: "stream/play_cursor.ts",
    find: "startAtGop && log.keyframe !== null ? log.keyframe : log.head",
    replace: "log.head",
    breaks: "a new player begins with what it cannot decode",
  },
  {
    name: "send again what players have",
    file: "stream/live_source.ts",
    find: "this.#players.length > 0 ? this.#logs.endedGop().filter(isFrame) : [];",
    replace: "[] as MediaPacket[];",
    breaks: "after a change of server players get frames twice",
  },
  {
    name: "do not end a source",
    file: "server/publish/publish_role.ts",
    find: "    this.#session?.[Symbol.dispose]();\n    this.#claim.end();",
    replace: "    this.#claim.end();",
    breaks: "a stream goes on without its publisher, and none can follow",
  },
  {
    name: "drop the FIN",
    file: "net/tcp_conn.ts",
    find: 'if (count === null) return this.#end ?? "peerClosed";',
    replace: "if (count === null) await new Promise(() => {});",
    breaks: "connections that the peer has ended stay",
  },
  {
    name: "keep players in the book",
    file: "server/play/playback.ts",
    find: "    this.#server.registry.remove(this.#entry);\n",
    replace: "",
    breaks: "players are counted that have left",
  },
  {
    name: "flush without a timer",
    file: "stream/flush_timing.ts",
    find: "if (this.#timer === null && !this.#flushesAtOnce) this.#arm();",
    replace: "",
    breaks: "the last frames before a pause never come",
  },
];
