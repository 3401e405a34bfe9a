import type { Owner } from "../../cluster/coworkers.ts";
import { MAX_CLOCK_AHEAD_MS, type Rival } from "../../cluster/rivals.ts";
import type { VhostHandle } from "../../config/mod.ts";
import type { StreamUrl } from "../../rtmp/url.ts";
import type { ServerContext } from "../context.ts";
import { ownerQuery } from "../../cluster/owner_query.ts";
import type { Claimant } from "./publishers.ts";

/** A stream, and the vhost in which two origins publish it. */
export interface Contested {
  readonly vhost: VhostHandle;
  readonly url: Pick<StreamUrl, "key" | "app" | "stream" | "host">;
}

/** What is needed of a server to decide. */
export type ConflictContext =
  & Pick<ServerContext, "config" | "publishers" | "identity" | "timers" | "log">
  & {
    readonly drain: Pick<ServerContext["drain"], "isOn">;
    readonly coworkers: Pick<ServerContext["coworkers"], "findOwners" | "claim" | "confirm">;
  };

/**
 * Leaves one publisher of a stream in the cluster, now that this one can be seen by the coworkers: two that came at the
 * same moment did not see each other. It ends if it is the one that has to; else those of the coworkers are told to.
 *
 * Whoever came second to be seen finds the other one, so one question is enough. Never throws.
 *
 * @param found An owner that was found before, whose publisher has to give way.
 */
export async function settle(
  context: ConflictContext,
  contested: Contested,
  publisher: Claimant,
  found: Owner | null,
): Promise<void> {
  const { coworkers, publishers } = context;
  const { key } = contested.url;
  const query = () => ownerQuery(contested.vhost.now, contested.url);
  const mustTell = ({ sinceMs }: Owner) => sinceMs !== undefined;
  if (found !== null && mustTell(found)) await coworkers.claim(found.coworker, query());
  if (publishers.active(key) !== publisher) return;
  const others = (await coworkers.findOwners(query(), { fresh: true })).filter(mustTell);
  for (const other of others) {
    if (publishers.active(key) !== publisher || giveWay(context, contested, other)) return;
  }
  await Promise.all(others.map(({ coworker }) => coworkers.claim(coworker, query())));
}

/**
 * A coworker says that its publisher is to have the stream: it is asked back whether it has one at all. What decides is
 * its answer, so that nobody but a configured coworker can end a publisher here.
 *
 * @param instance Id of the coworker, as it says.
 * @returns Whether the publisher here gave way.
 */
export async function answerClaim(context: ConflictContext, contested: Contested, instance: string): Promise<boolean> {
  const { key } = contested.url;
  const publisher = context.publishers.active(key);
  if (publisher === null) return false;
  const owner = await context.coworkers.confirm(ownerQuery(contested.vhost.now, contested.url), instance);
  if (owner === null) {
    context.log.warn(`publish ${key}: an origin claims the stream, but no coworker confirms it`);
    return false;
  }
  return context.publishers.active(key) === publisher && giveWay(context, contested, owner);
}

/** Ends the publisher here if it has to give way to the one of a coworker. */
function giveWay(context: ConflictContext, { vhost, url }: Contested, owner: Owner): boolean {
  const { timers, publishers, identity, log, drain } = context;
  const rival = rivalOf(owner);
  if (rival === null) return false;
  if (rival.sinceMs > timers.nowMs() + MAX_CLOCK_AHEAD_MS) {
    log.warn(
      `publish ${url.key}: ignored the claim of coworker ${owner.coworker}, whose clock is more than ` +
        `${MAX_CLOCK_AHEAD_MS / 1000} s ahead of this one; synchronize the clocks`,
    );
    return false;
  }
  const isLeaving = drain.isOn || owner.isDraining;
  const policy = isLeaving ? "takeover" : vhost.now.publish.onConflict;
  if (!publishers.yieldTo(url.key, rival, { policy, instance: identity.serviceId })) return false;
  log.info(
    `publish ${url.key}: ended in favor of the publisher at ${owner.ip}:${owner.port} (coworker ${owner.coworker})`,
  );
  return true;
}

function rivalOf({ sinceMs, instance, silentMs }: Owner): Rival | null {
  return sinceMs === undefined || instance === undefined ? null : { sinceMs, instance, silentMs };
}
