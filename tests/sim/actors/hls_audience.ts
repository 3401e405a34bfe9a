import type { HlsContext } from "../checks/hls_check.ts";
import { SegmentBook } from "../../kit/hls/segment_book.ts";
import type { Scenario } from "../scenario.ts";
import { SimHlsViewer } from "./hls_viewer.ts";
import type { Stage } from "./publisher.ts";

/** All HLS viewers of a day, who compare what they get. */
export function hlsAudience(
  { hls, hlsViewers, seed }: Scenario,
  stage: Pick<Stage, "cluster" | "log">,
  context: Omit<HlsContext, "hls" | "book">,
  onFault: (who: string, text: string) => void,
): SimHlsViewer[] {
  if (hls === null) return [];
  const book = new SegmentBook();
  return hlsViewers.map((plan) =>
    new SimHlsViewer(plan, stage, {
      seed,
      context: { ...context, hls, book },
      onFault: (text) => onFault(plan.name, text),
    })
  );
}
