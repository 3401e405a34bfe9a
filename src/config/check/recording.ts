import type { VhostConfig } from "../config.ts";
import { type Place, type ProblemList, quoteWord } from "../problem.ts";

/** A name that means a file of another kind; what ends otherwise is a directory. */
const otherExtension = /\.(?!flv$|mp4$)[a-z][a-z0-9]{1,4}$/i;

/** Checks `dvr { ... }`. */
export function checkRecording({ dvr }: VhostConfig, at: (...names: string[]) => Place, problems: ProblemList): void {
  if (!dvr.enabled) return;
  if (dvr.dvrPath.includes("\0") || dvr.dvrPath === "") {
    problems.error(at("dvr", "dvr_path"), "dvr_path is empty", "name a file that ends in .flv or .mp4");
  } else if (otherExtension.test(dvr.dvrPath)) {
    const message = `${quoteWord(dvr.dvrPath)} ends neither in .flv nor in .mp4`;
    problems.error(at("dvr", "dvr_path"), message, "records are FLV or MP4: name the file so");
  }
  for (const name of dvr.dvrApply) {
    if (name === "all" || /^[^/]+(?:\/[^/]+)+$/.test(name)) continue;
    const message = `${quoteWord(name)} is neither "all" nor a stream and records nothing`;
    problems.warn(at("dvr", "dvr_apply"), message, "name streams as app/stream");
  }
}
