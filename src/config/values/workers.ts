import { quoteWord } from "../problem.ts";
import type { ValueType } from "./type.ts";

/** Most worker threads that can be asked for. */
const most = 64;

/** A number of threads, or `auto`. */
export function workerCount(): ValueType<number | "auto"> {
  return {
    kind: "number",
    unit: "threads",
    min: 0,
    max: most,
    choices: ["auto"],
    takesMany: false,
    read([word], fallback, report) {
      if (word.text === "auto") return "auto";
      const count = /^\d{1,3}$/.test(word.text) ? Number(word.text) : NaN;
      if (count >= 0 && count <= most) return count;
      report.error(word, `${quoteWord(word.text)} is not "auto" or a number from 0 to ${most}`);
      return fallback;
    },
  };
}
