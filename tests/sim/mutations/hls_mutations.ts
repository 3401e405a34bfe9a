import type { Mutation } from "./mutation.ts";

/** Of segments, which are to be the same everywhere. */
export const hlsMutations: readonly Mutation[] = [
  {
    name: "lose the owner's time",
    file: "stream/owner_time.ts",
    find: "if (this.#toldMs !== null) return (this.#zeroMs === null || isMoved) && this.#set(this.#toldMs - offsetMs);",
    replace: "",
    breaks: "a server that pulls a stream cuts it by its own clock",
    seed: 7,
  },
  {
    name: "count segments from the join",
    file: "hls/slot_rule.ts",
    find: "return { number: slot, isFirst };",
    replace: "this.counted = (this.counted ?? 0) + 1;\n    return { number: this.counted, isFirst };",
    breaks: "the same number means another segment on each server",
    seed: 7,
  },
  {
    name: "list half a segment",
    file: "hls/packager.ts",
    find: "isFirst && !this.#isWhole(number)",
    replace: "false",
    breaks: "a server lists the segment in which it has joined",
    seed: 17,
  },
  {
    name: "a discontinuity before each segment",
    file: "hls/playlist.ts",
    find: "before === null ? 0 : head.discontinuity - before.discontinuity",
    replace: "before === null ? 0 : 1",
    breaks: "players reset their decoders at each segment",
    seed: 3,
  },
];
