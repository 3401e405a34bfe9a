import { type Soon, whenThere } from "../../base/soon.ts";
import { checkRefer } from "../../server/access/refer.ts";
import { checkSecurity } from "../../server/access/security.ts";
import { checkSignature } from "../../server/access/signed_url.ts";
import type { ServerContext } from "../../server/context.ts";
import { RequestDenied } from "../../base/errors.ts";
import type { HlsHolder } from "../../server/hls/hls_hub.ts";
import type { HlsSession } from "../../server/hls/hls_session.ts";
import { hookUrls } from "../../server/hooks/hooks.ts";
import type { Call } from "../call.ts";
import type { HlsRequest } from "./hls_path.ts";

/** Parameter with the id of a session; SRS's name. */
export const CTX_PARAMETER = "hls_ctx";

/** What judging requests takes of a server. */
export type JudgeServer = Pick<ServerContext, "world"> & HlsHolder;

/**
 * Judges one request for HLS: each of them has to pass `refer`, `security` and, outside of a session, the signed address.
 * Hooks are asked once, when the session begins.
 *
 * @returns The session it belongs to; null without one.
 * @throws {RequestDenied | TooManySessions}
 */
export function judgeRequest(
  { hls, world }: JudgeServer,
  call: Call,
  { url, vhost, part }: HlsRequest,
): Soon<HlsSession | null> {
  const viewer = { url, remoteIp: call.remoteIp, pageUrl: pageUrlOf(call) };
  const { now } = vhost;
  const { refer, security, signedUrl } = now;
  if (refer.enabled) checkRefer(refer.all, viewer.pageUrl);
  checkSecurity(security, "play", viewer.remoteIp);
  if (refer.enabled) checkRefer(refer.play, viewer.pageUrl);
  if (now.hls.ctx) {
    const id = call.query.get(CTX_PARAMETER);
    if (id !== "") return hls.sessions.resume(id, now, viewer);
    if (part.kind === "playlist") return hls.sessions.begin(now, viewer);
    // Nobody gets segments for nothing that a hook guards.
    if (now.hls.tsCtx && hookUrls(now, "on_play").length > 0) {
      throw new RequestDenied("SecurityDenied", `${CTX_PARAMETER} is missing: begin with the playlist`);
    }
  }
  if (!signedUrl.play) return null;
  return whenThere(checkSignature(signedUrl.key, url, "play", world.wallMs()), () => null);
}

/** The page that a request was made by. */
export function pageUrlOf({ headers }: Call): string {
  return headers.get("referer") ?? "";
}

/**
 * Parameters that addresses in a playlist need so that they are understood and let in wherever they arrive; without a
 * question mark.
 */
export function listedQuery(call: Call, { vhost, isVhostOfPath }: HlsRequest, session: HlsSession | null): string {
  const own = ownQuery(call);
  const parts: string[] = [];
  if (vhost.now.signedUrl.play) parts.push(...own);
  else parts.push(...own.filter((pair) => /^(?:vhost|domain)=/.test(pair)));
  if (isVhostOfPath && !parts.some((pair) => pair.startsWith("vhost="))) {
    parts.push(`vhost=${encodeURIComponent(vhost.name)}`);
  }
  if (session !== null && vhost.now.hls.tsCtx) parts.push(`${CTX_PARAMETER}=${session.ctx}`);
  return parts.map(tidy).join("&");
}

/** Parameters of the playlist of a session. */
export function sessionQuery(call: Call, session: HlsSession): string {
  return [...ownQuery(call).map(tidy), `${CTX_PARAMETER}=${session.ctx}`].join("&");
}

/** What a client has sent, but for what is HLS's own. */
function ownQuery({ search }: Call): string[] {
  return search.split("&").filter((pair) => pair !== "" && !/^(?:_HLS_|hls_ctx=|hls_ctx$)/.test(pair));
}

/** A parameter as it may stand in a line of a playlist, whatever a client sent. */
function tidy(pair: string): string {
  return pair.replace(/[^!#-;=?-~]/gu, encodeURIComponent);
}
