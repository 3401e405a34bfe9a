import type { ApiContext } from "../api/route.ts";

/** One coworker, and whether it answers. */
export interface CoworkerUp {
  /** As the configuration names it. */
  readonly coworker: string;
  readonly isUp: boolean;
}

/** Which coworkers answer when they are asked who they are. */
export function coworkersUp({ server }: ApiContext): readonly CoworkerUp[] {
  return server.health.watch.all().map(({ address, state }) => ({ coworker: address.text, isUp: state !== "down" }));
}
