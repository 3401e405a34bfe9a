import type { Config } from "../../config/mod.ts";
import { formatHost } from "../../rtmp/url.ts";
import { isLoopback } from "./caller.ts";

/** What is open to whom, in one line: for the log at the start, and for `-t`. */
export function describeAccess({ httpApi, vhosts }: Pick<Config, "httpApi" | "vhosts">): string {
  const { listen, auth, remoteControl, rawApi, allowOrigin } = httpApi;
  const hasToken = vhosts.some(({ cluster }) => cluster.coworkerToken.length > 0);
  const controls = rawApi.enabled && rawApi.allowReload ? "drain, reload" : "drain";
  const members = hasToken ? " and coworkers with the token" : "";
  const parts = auth.enabled
    ? [`anyone with the password${members} may read, kick, ${controls}`]
    : isLoopback(listen.host)
    ? [`programs on this machine${members} may read, kick, ${controls}`]
    : [
      "anyone may read",
      remoteControl === "off" ? `kick: this machine${members} only` : "scripts anywhere may kick",
      remoteControl === "all" ? `scripts anywhere may ${controls}` : `${controls}: this machine${members} only`,
    ];
  if (allowOrigin.length > 0) parts.push(`pages of ${allowOrigin.join(", ")} may do the same from a browser`);
  return `HTTP API on ${formatHost(listen.host)}:${listen.port}: ${parts.join("; ")}`;
}
