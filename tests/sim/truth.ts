import type { PublisherPlan } from "./scenario.ts";

/** One publish: from its begin until its connection ends. */
export interface PublishSession {
  readonly number: number;
  readonly plan: PublisherPlan;
  /** Name of the server that took it. */
  readonly server: string;
  readonly sinceMs: number;
  /** Infinity while it lasts. */
  endMs: number;
  /** Frames that were sent. */
  sent: number;
}

/** What really happened, as nobody in the cluster knows it. */
export class Truth {
  /** By number. */
  readonly sessions: PublishSession[] = [];
  /** Moments at which something went wrong, or was mended, by an own act of the scenario. */
  disturbedMs = -Infinity;

  begin(plan: PublisherPlan, server: string, nowMs: number): PublishSession {
    const session = { number: this.sessions.length, plan, server, sinceMs: nowMs, endMs: Infinity, sent: 0 };
    this.sessions.push(session);
    return session;
  }

  /** Publishes of a stream that go on. */
  live(stream: string): PublishSession[] {
    return this.sessions.filter(({ plan, endMs }) => plan.stream === stream && endMs === Infinity);
  }
}

/** When a frame of a session is due, by its clock. */
export function timestampOf({ plan }: PublishSession, index: number): number {
  return (plan.firstTimestampMs + index * plan.frameMs) % 2 ** 32;
}
