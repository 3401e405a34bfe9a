import type { ClusterMember } from "./member_book.ts";

/** Sums over the members that are not down. */
export interface LoadTotals {
  /** Streams that clients publish at origins; of an edge, which does not know that, those that run there. */
  readonly streams: number;
  /** People: players that are no servers. */
  readonly viewers: number;
  /** What goes from one member to another is in both. */
  readonly recvKbps: number;
  readonly sendKbps: number;
}

/** What the members that are not down do together. */
export function totalLoad(members: readonly ClusterMember[]): LoadTotals {
  const there = members.filter(({ state }) => state !== "down");
  const sum = (of: (load: NonNullable<ClusterMember["load"]>) => number, from = there) =>
    from.reduce((total, { load }) => total + (load === null ? 0 : of(load)), 0);
  const origins = there.filter(({ role, load }) => role.includes("origin") && load !== null);
  return {
    streams: origins.length > 0
      ? sum(({ published }) => published, origins)
      : sum(({ streams }) => streams, members.filter(({ isSelf }) => isSelf)),
    viewers: sum(({ viewers }) => viewers),
    recvKbps: sum(({ recvKbps }) => recvKbps),
    sendKbps: sum(({ sendKbps }) => sendKbps),
  };
}
