import type { ClusterMember } from "../../cluster/health/member_book.ts";
import type { NewEvent, ServerEventKind } from "./event_book.ts";

/** What is remembered of a member. */
type SeenMember = Pick<ClusterMember, "state" | "startedMs">;

/** A state that began longer ago was noticed late, or its time is that of something else. */
const MAX_AGE_MS = 15_000;

/** Compares the members of a cluster with those of the last look, and tells what happened in between. */
export class MemberChanges {
  #seen: ReadonlyMap<string, SeenMember> | null = null;

  /** What happened since the last look; the first one finds nothing. */
  look(members: readonly ClusterMember[], nowMs: number): readonly NewEvent<ServerEventKind>[] {
    const before = this.#seen;
    const now = new Map<string, SeenMember>();
    const events: NewEvent<ServerEventKind>[] = [];
    for (const member of members) {
      const subject = member.address || member.rtmp || member.id;
      // Anybody may name the address of another: the first of a name counts.
      if (now.has(subject)) continue;
      now.set(subject, { state: member.state, startedMs: member.startedMs });
      const kind = before === null ? null : changeOf(before.get(subject), member);
      if (kind === null) continue;
      const { stateSinceMs } = member;
      const isRecent = stateSinceMs <= nowMs && nowMs - stateSinceMs < MAX_AGE_MS;
      events.push({
        atMs: isRecent ? stateSinceMs : nowMs,
        kind,
        subject,
        detail: kind === "down" ? member.problem : "",
      });
    }
    for (const [subject, { state }] of before ?? []) {
      if (!now.has(subject) && state !== "down") events.push({ atMs: nowMs, kind: "left", subject, detail: "" });
    }
    this.#seen = now;
    return events;
  }
}

function changeOf(before: SeenMember | undefined, { state, startedMs }: SeenMember): ServerEventKind | null {
  if (before === undefined) return state === "up" ? "found" : state;
  if (before.state !== state) return state;
  const isAnother = before.startedMs !== null && startedMs !== null && startedMs > before.startedMs;
  return state === "up" && isAnother ? "restarted" : null;
}
