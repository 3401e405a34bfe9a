import { describeFault } from "./faults/apply.ts";
import type { Scenario } from "./scenario.ts";

/** A scenario in lines that a person reads: who, when, what. */
export function tellStory(scenario: Scenario): string {
  const {
    seed,
    dayMs,
    directory,
    onConflict,
    weather,
    origins,
    edges,
    discovery,
    latecomers,
    srs,
    publishers,
    players,
    hls,
    hlsViewers,
    attackers,
    faults,
  } = scenario;
  const { latencyMs, jitterMs, segmentBytes } = weather;
  const pieces = segmentBytes === 0 ? "" : `, segments of ${segmentBytes} bytes at most`;
  const seconds = (ms: number | null) => ms === null ? "the end" : `${(ms / 1000).toFixed(3)} s`;
  return [
    `seed ${seed}: ${origins} origins, ${edges} edges, ${directory}, ${discovery}, ${latecomers} late, on_conflict ${onConflict}, ${
      seconds(dayMs)
    }`,
    `lines take ${latencyMs} to ${latencyMs + jitterMs} ms${pieces}`,
    ...srs.map(({ name, moods }) =>
      [
        `${name} is a coworker`,
        ...moods.map(({ mood, atMs, lastsMs }) => `${mood} from ${seconds(atMs)} for ${lastsMs} ms`),
      ]
        .join(", ")
    ),
    ...publishers.map((plan) =>
      `${seconds(plan.startMs)} to ${seconds(plan.endMs)}: ${plan.name} publishes ${plan.stream} at ${
        plan.home || `origin-${plan.origin}`
      }, ` +
      `${plan.burst} x ${plan.frameBytes} bytes every ${
        plan.burst * plan.frameMs
      } ms, a keyframe every ${plan.gopFrames}, ` +
      `from ${plan.firstTimestampMs}, returns to the ${plan.reconnect} one after ${plan.reconnectMs} ms` +
      (plan.backsOff ? " and longer" : "") + (plan.source === "" ? "" : `, of ${plan.source}`) +
      `${plan.audioLagMs > 0 ? `, sound ${plan.audioLagMs} ms behind` : ""}${plan.hasBFrames ? ", B-frames" : ""}${
        plan.hasMetadata ? "" : ", no metadata"
      }` +
      (plan.startBurst > 0 ? `, ${plan.startBurst} frames at once at first` : "") +
      (plan.headerGops > 0 ? `, other parameters every ${plan.headerGops} keyframes` : "") +
      plan.silences.map(({ afterMs, lastsMs }) => `, silent after ${afterMs} ms for ${lastsMs} ms`).join("")
    ),
    ...players.map((plan) =>
      `${seconds(plan.startMs)} to ${seconds(plan.endMs)}: ${plan.name} plays ${plan.stream} at ${
        plan.kind === "srsEdge" ? "one origin after the other" : plan.server
      } (${plan.kind}${plan.follows ? ", follows" : ""})` +
      (plan.lineBytesPerMs > 0 ? `, ${plan.lineBytesPerMs} bytes a millisecond` : "") +
      (plan.pauseMs > 0 ? `, pauses every other ${plan.pauseMs} ms` : "") +
      (plan.staysMs > 0 ? `, stays for ${plan.staysMs} ms` : "")
    ),
    ...hls === null
      ? []
      : [`segments of ${hls.fragmentMs} ms, ${hls.windowMs} ms of them, ${hls.isFmp4 ? "fragmented MP4" : "MPEG-TS"}`],
    ...hlsViewers.map(({ name, stream, servers, startMs, endMs, pollMs }) =>
      `${seconds(startMs)} to ${seconds(endMs)}: ${name} asks ${servers.join(", ")} for ${stream} every ${pollMs} ms`
    ),
    ...attackers.map(({ name, kind, server, atMs, lastsMs, perS }) =>
      `${seconds(atMs)} to ${seconds(atMs + lastsMs)}: ${name}, ${kind} at ${server}, ${perS} times a second`
    ),
    ...faults.map((fault) => `${seconds(fault.atMs)}: ${fault.name}, ${describeFault(fault)}`),
  ].join("\n");
}
