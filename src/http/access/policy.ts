import type { World } from "../../base/world.ts";
import type { Config } from "../../config/mod.ts";
import type { Members } from "../../server/access/members.ts";
import { type Credentials, isAuthorized } from "./basic_auth.ts";
import type { Call } from "../call.ts";
import { type Caller, identifyCaller } from "./caller.ts";
import type { Identity } from "../../server/identity.ts";
import { isCoworkerAction, isMeantForInstance, isOfCoworker } from "./coworker_calls.ts";

/** What holds for all requests of a listener, whoever answers them. */
export interface RouterPolicy {
  /** `http_server.crossdomain`, which SRS obeys on the API's port too. */
  readonly crossdomain: boolean;
  readonly auth: Credentials;
  /** Origins of pages that may do with the API what the pages of this server may. */
  readonly allowOrigin: readonly string[];
  /** Whether a coworker proves that a call is its own, and such as coworkers make: it then needs no password. */
  isMember(call: Call): Promise<boolean>;
}

/** For a listener that only reads, and has no password. */
export const openPolicy: RouterPolicy = {
  crossdomain: false,
  auth: { enabled: false, username: "", password: "" },
  allowOrigin: [],
  isMember: () => Promise.resolve(false),
};

/** What of a server decides about callers. */
export interface AccessServer {
  readonly config: Config;
  readonly identity: Pick<Identity, "serviceId">;
  readonly members: Pick<Members, "knowsAnyToken" | "knowsToken">;
  readonly world: Pick<World, "process">;
}

/** The policy of a server's configuration. */
export function policyOf(server: Omit<AccessServer, "world">): RouterPolicy {
  const { httpServer: { crossdomain }, httpApi: { auth, allowOrigin } } = server.config;
  const isMember = async (call: Call) =>
    await isOfCoworker(server, call) || (isCoworkerAction(call) && await mayActAsMember(server, call));
  return { crossdomain, auth, allowOrigin, isMember };
}

/** Tells who makes a call of the API. */
export async function callerOf(server: AccessServer, call: Call): Promise<Caller> {
  const { config, world } = server;
  const { auth, allowOrigin } = config.httpApi;
  return identifyCaller(call, {
    operator: auth.enabled && isAuthorized(auth, call.headers) ? auth.username : null,
    isMember: await mayActAsMember(server, call),
    allowOrigin,
    isOwnName: (name) => isOwnName(config, name) || machineName(world) === name,
  });
}

async function mayActAsMember(
  { config, members, identity }: Omit<AccessServer, "world">,
  call: Call,
): Promise<boolean> {
  return isMeantForInstance(call, identity.serviceId) && await members.knowsAnyToken(config.vhosts, call);
}

/** Names that only the owner of this server can have given it. */
function isOwnName({ httpApi, vhosts, advertise }: Config, name: string): boolean {
  return vhosts.some((vhost) => vhost.name.toLowerCase() === name) || advertise?.host.toLowerCase() === name ||
    httpApi.allowOrigin.some((origin) => new URL(origin).hostname === name);
}

function machineName({ process }: AccessServer["world"]): string {
  try {
    return process.hostname().toLowerCase();
  } catch {
    // Started without the permission.
    return "";
  }
}
