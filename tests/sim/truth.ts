import type { PublisherPlan } from "./scenario.ts";

/** One publish: from its begin until its connection ends. */
export interface PublishSession {
  readonly number: number;
  /** The first publish of the same source, whose number its frames bear; itself where the source is its own. */
  readonly first: PublishSession;
  readonly plan: PublisherPlan;
  /** Name of the server that took it. */
  readonly server: string;
  readonly sinceMs: number;
  /** When its first frame was sent: an encoder of a source begins with the source's next keyframe. Infinity before. */
  firstFrameMs: number;
  /** Infinity while it lasts. */
  endMs: number;
  /** Frames that were sent; of a source, up to the newest one that any of its encoders sent. */
  sent: number;
  /** The frame that this publish sends next. */
  next: number;
  /** Jumps of its time, the oldest first: from which frame on, and by how much in all. */
  readonly jumps: { readonly index: number; readonly totalMs: number }[];
  /** When an encoder of its source came or went last. */
  changedMs: number;
}

/** What really happened, as nobody in the cluster knows it. */
export class Truth {
  /** By number. */
  readonly sessions: PublishSession[] = [];
  /** Moments at which something went wrong, or was mended, by an own act of the scenario. */
  disturbedMs = -Infinity;

  begin(plan: PublisherPlan, server: string, nowMs: number): PublishSession {
    const number = this.sessions.length;
    const facts = {
      number,
      plan,
      server,
      sinceMs: nowMs,
      firstFrameMs: Infinity,
      endMs: Infinity,
      sent: 0,
      next: 0,
      jumps: [],
      changedMs: nowMs,
    };
    const first = plan.source === "" ? undefined : this.sessions.find((other) => other.plan.source === plan.source);
    const session: PublishSession = {
      ...facts,
      get first() {
        return first ?? session;
      },
    };
    this.sessions.push(session);
    session.first.changedMs = nowMs;
    return session;
  }

  end(session: PublishSession, nowMs: number): void {
    session.endMs = session.first.changedMs = nowMs;
  }

  /** Publishes of a stream that go on. */
  live(stream: string): PublishSession[] {
    return this.sessions.filter(({ plan, endMs }) => plan.stream === stream && endMs === Infinity);
  }
}

/** When a frame of a session is due, by its clock. @param isAudio Sound is behind the picture that is sent before it. */
export function timestampOf({ plan, jumps }: PublishSession, index: number, isAudio = false): number {
  let jumpedMs = 0;
  for (const jump of jumps) if (jump.index <= index) jumpedMs = jump.totalMs;
  const ms = plan.firstTimestampMs + index * plan.frameMs + jumpedMs - (isAudio ? plan.audioLagMs : 0);
  return (ms + 2 ** 32) % 2 ** 32;
}

/** Which parameters of its codec a frame needs: how often they had changed before. */
export function headerOf({ headerGops, gopFrames }: PublisherPlan, index: number): number {
  return headerGops === 0 ? 0 : Math.floor(index / (headerGops * gopFrames));
}
