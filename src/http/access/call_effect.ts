import type { Config } from "../../config/mod.ts";
import type { Caller } from "./caller.ts";

/**
 * What a call does to the server. Each row of the table of routes says it.
 *
 * - `reads`: changes nothing;
 * - `kicks`: ends the connection of one client;
 * - `controls`: changes the server as a whole, or makes it act on others;
 * - `memberOnly`: speaks for another server of the cluster, which the route checks; here only pages are refused.
 */
export type Effect = "reads" | "kicks" | "controls" | "memberOnly";

/** `http_api.remote_control`: what those may do who are not on this machine and prove nothing. */
export type RemoteControl = Config["httpApi"]["remoteControl"];

/** Whether a caller may make a call with this effect: null, or why not and what to do about it, for people. */
export function refuseCall(caller: Caller, effect: Effect, remoteControl: RemoteControl): string | null {
  if (effect === "reads") return null;
  if (caller.kind === "page") return refusePage(caller);
  // Of which vhost a caller must be a member, the call itself says: the route asks.
  if (effect === "memberOnly") return null;
  if (caller.kind !== "stranger" || remoteControl === "all") return null;
  if (effect === "kicks" && remoteControl === "kick") return null;
  return `only this machine, an operator (http_api.auth) and coworkers (coworker_token) may do this; ` +
    `"http_api { remote_control ${effect === "kicks" ? "kick" : "all"}; }" allows everybody`;
}

function refusePage({ doubt }: Extract<Caller, { kind: "page" }>): string {
  const remedy = (origin: string) => `"http_api { allow_origin ${origin}; }"`;
  switch (doubt.why) {
    case "noOrigin":
      return "the browser does not say which page asks: use the console, or a program such as curl";
    case "unknownHost":
      return `${doubt.host} is not a known name of this server: open the page by its IP address, ` +
        `or write ${remedy(doubt.origin)} into its configuration`;
    case "otherOrigin": {
      const isNamed = /^https?:\/\//.test(doubt.origin);
      return isNamed
        ? `pages of ${doubt.origin} may not change anything here; ${remedy(doubt.origin)} allows them`
        : "pages of other sites may not change anything here";
    }
  }
}

/** A caller as the log names it. */
export function describeCaller(caller: Caller): string {
  switch (caller.kind) {
    case "machine":
      return `${caller.ip} (this machine)`;
    case "operator":
      return `${caller.ip} (operator ${JSON.stringify(caller.user)})`;
    case "member":
      return `${caller.ip} (coworker)`;
    case "stranger":
      return `${caller.ip} (stranger)`;
    case "page":
      return `${caller.ip} (${describeDoubt(caller.doubt)})`;
  }
}

function describeDoubt(doubt: Extract<Caller, { kind: "page" }>["doubt"]): string {
  if (doubt.why === "noOrigin") return "unknown page in a browser";
  if (doubt.why === "unknownHost") return `page loaded as ${doubt.host}`;
  return doubt.origin === "" ? "page of another site" : `page of ${doubt.origin}`;
}
