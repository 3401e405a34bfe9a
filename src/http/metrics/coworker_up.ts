import type { ApiContext } from "../api/route.ts";

/** One coworker, and whether it answers. */
export interface CoworkerUp {
  /** As the configuration names it. */
  readonly coworker: string;
  readonly isUp: boolean;
}

/** Which coworkers answer: as whoever watches them says, else by the latest question that was put to each. */
export function coworkersUp({ server, watchedCoworkers }: ApiContext): readonly CoworkerUp[] {
  if (watchedCoworkers !== undefined) return watchedCoworkers();
  return [...server.mesh.coworkers.table()].map(({ coworker, isSuspect }) => ({ coworker, isUp: !isSuspect }));
}
