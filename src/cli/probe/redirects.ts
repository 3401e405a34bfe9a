import type { Timers } from "../../base/clock.ts";
import type { TlsDialOptions } from "../../net/tls/dial.ts";
import { RedirectPolicy } from "../../upstream/redirect_policy.ts";
import { followRedirect, type StreamTarget } from "../stream_target.ts";
import { ProbeHop } from "./hop.ts";
import type { MediaMeter } from "./meter.ts";
import type { ProbeStep, ServerReport } from "./report.ts";

/** Options of {@link followRedirects}. */
export interface FollowOptions {
  target: StreamTarget;
  /** For servers that are asked over TLS. */
  tls?: TlsDialOptions;
  timers: Timers;
  measureMs: number;
  stop: AbortSignal;
  events: {
    onServer(server: string): void;
    /** A step is done; the report holds its time. */
    onStep(step: ProbeStep, report: ServerReport): void;
  };
}

/**
 * Asks for a stream, and goes where redirects lead, until a server sends it or nothing leads on.
 *
 * @param deadlineMs When the first media must have come, on the clock of `timers`.
 * @returns What each server did, in order, and why the last redirect was not followed, if so.
 */
export async function followRedirects(options: FollowOptions, meter: MediaMeter, deadlineMs: number) {
  const { tls = {}, timers, events, stop, measureMs } = options;
  const policy = new RedirectPolicy(new Set([options.target.text]));
  const servers: ServerReport[] = [];
  let target = options.target;
  let redirectedFrom: string | null = null;
  for (;;) {
    events.onServer(target.text);
    const hop: ProbeHop = new ProbeHop({
      target,
      tls,
      redirectedFrom,
      timers,
      meter,
      deadlineMs,
      measureMs,
      stop,
      onStep: (step, report) => events.onStep(step, report),
    });
    const report: ServerReport = await hop.finished;
    servers.push(report);
    if (report.redirect === null) return { servers, refusal: null };
    const next = followRedirect(policy, target, report.redirect, report.ip ?? "");
    if (typeof next === "string") return { servers, refusal: next };
    target = next;
    redirectedFrom = report.ip;
  }
}
