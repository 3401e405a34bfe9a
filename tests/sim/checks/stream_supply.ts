import type { PlayerPlan } from "../scenario.ts";
import type { PublishSession, Truth } from "../truth.ts";
import type { FaultRecord } from "./fault_book.ts";

/** A time, in ms. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * When a viewer's server could have had a stream, as long as one thing at most was wrong: somebody published it at a
 * server that ran, and had sent a frame, and both servers reached each other. Spans that follow on each other are one.
 */
export function supplySpans(truth: Truth, plan: PlayerPlan, fault: FaultRecord | null, { fromMs, toMs }: Span): Span[] {
  const spans: Span[] = [];
  for (const session of truth.sessions) {
    if (session.plan.stream !== plan.stream) continue;
    const whole = { fromMs: Math.max(session.firstFrameMs, fromMs), toMs: Math.min(session.endMs, toMs) };
    if (whole.fromMs >= whole.toMs) continue;
    const lack = fault === null ? null : lackOf(session, plan, fault);
    if (lack === null) spans.push(whole);
    else {
      for (
        const part of [{ ...whole, toMs: Math.min(whole.toMs, lack.fromMs) }, {
          ...whole,
          fromMs: Math.max(whole.fromMs, lack.toMs),
        }]
      ) if (part.fromMs < part.toMs) spans.push(part);
    }
  }
  const joined: Span[] = [];
  for (const span of spans.sort((a, b) => a.fromMs - b.fromMs)) {
    const last = joined.at(-1);
    if (last === undefined || span.fromMs > last.toMs) joined.push(span);
    else joined[joined.length - 1] = { fromMs: last.fromMs, toMs: Math.max(last.toMs, span.toMs) };
  }
  return joined;
}

/** When nothing of a publish got from its server to the viewer's, for a fault; null where it does not touch them. */
export function lackOf(session: PublishSession, { server: viewers }: PlayerPlan, fault: FaultRecord): Span | null {
  const { plan: { kind, server, others }, sinceMs, untilMs } = fault;
  const lasting = { fromMs: sinceMs, toMs: untilMs };
  switch (kind) {
    // What a server had that ends without a word goes on for nobody, though its encoder may not know it yet.
    case "kill":
    case "powerCut":
      return server === session.server && session.sinceMs < sinceMs ? { fromMs: sinceMs, toMs: Infinity } : null;
    case "freeze":
      return server === session.server ? lasting : null;
    case "partition":
    case "oneWay": {
      const isBetween = (a: string, b: string) => a === server && others.includes(b);
      return isBetween(session.server, viewers) || isBetween(viewers, session.server) ? lasting : null;
    }
    default:
      return null;
  }
}
