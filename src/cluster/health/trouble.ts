/** What kinds of trouble there are. */
export type TroubleKind =
  | "protocol"
  | "refused"
  | "status"
  | "notAnApi"
  | "silent"
  | "failed"
  | "oneSided"
  | "version"
  | "clock"
  | "serverId"
  | "gone"
  | "draining"
  | "unreachable"
  | "noApi";

/** Something wrong with a member, in plain words. */
export interface Trouble {
  /** Tells it from others of the same member, and stays the same while words change. */
  readonly kind: TroubleKind;
  /** An `error` takes the member out; a `warning` will hurt some day; a `note` may be as it should. */
  readonly severity: "error" | "warning" | "note";
  readonly what: string;
  /** What to do about it; may be empty. */
  readonly remedy: string;
}

/** Both parts of a trouble in one line. */
export function describeTrouble({ what, remedy }: Trouble): string {
  return remedy === "" ? what : `${what}${what.endsWith("?") ? " " : "; "}${remedy}`;
}

/** The reason why a member is down, as a sentence goes on with it. */
export function downReason(trouble: Trouble): string {
  const isNoun = trouble.kind === "refused" || trouble.kind === "silent" || trouble.kind === "failed";
  return `${isNoun ? "" : "it "}${describeTrouble(trouble)}`;
}

/** What answers at a port that does not speak HTTP. */
export type SpokenProtocol = "rtmp" | "tls";

const WRITE_API_PORT = "write the port of its http_api.listen into coworkers";
const SAME_TOKEN = "give both servers the same coworker_token";

/** A coworker does not speak HTTP. */
export function wrongProtocol(spoken: SpokenProtocol): Trouble {
  return spoken === "rtmp"
    ? error("protocol", "speaks RTMP, not HTTP: is it the RTMP port?", `If so, ${WRITE_API_PORT}`)
    : error("protocol", "speaks TLS, not plain HTTP: is it the https port?", `If so, ${WRITE_API_PORT}`);
}

/**
 * A coworker answers with an HTTP status that is no answer.
 *
 * @param hasToken Whether it was shown a `coworker_token`.
 * @param isOfOurKind It says that it is a server of this kind.
 */
export function wrongStatus(status: number, hasToken: boolean, isOfOurKind: boolean): Trouble {
  if (status === 401) {
    const foreign = "give both servers the same coworker_token; an SRS knows none: it must need no password";
    return error("status", "asks with a password (401)", isOfOurKind ? SAME_TOKEN : foreign);
  }
  if (status === 403) {
    return error(
      "status",
      hasToken ? "refuses our token (403)" : "wants a coworker_token, and we have none (403)",
      SAME_TOKEN,
    );
  }
  return error("status", `answers with HTTP status ${status}`, "its log may say why; is it the port of an HTTP API?");
}

/** It speaks HTTP, and is no HTTP API of an origin. */
export function notAnApi(isOfOurKind: boolean): Trouble {
  return isOfOurKind
    ? error(
      "notAnApi",
      "is a server of ours, but not its HTTP API: is it the port of http_server?",
      `If so, ${WRITE_API_PORT}`,
    )
    : error("notAnApi", "speaks HTTP, but is neither srs-ts nor SRS", WRITE_API_PORT);
}

/** It did not answer in time. */
export function noAnswer(timeoutMs: number): Trouble {
  return error(
    "silent",
    `no answer within ${timeoutMs} ms`,
    "does it run, does it hang, or does a firewall stand between?",
  );
}

/** A request failed before there was an answer. @param texts What is said of it, by the system or Deno. */
export function failedRequest(texts: string): Trouble {
  if (/refused/i.test(texts)) {
    return error(
      "refused",
      "connection refused: nothing listens there",
      "start it, or correct its address in coworkers",
    );
  }
  if (/lookup|dns|not ?known|resolve/i.test(texts)) {
    return error("failed", "unknown host name", "check its spelling in coworkers, and DNS");
  }
  if (/unreachable|no route/i.test(texts)) {
    return error("failed", "the network does not lead there", "check address and routes");
  }
  return error(
    "failed",
    "no answer: it ended the connection",
    "its log may say why; is it the port of an HTTP API?",
  );
}

/** It does not ask this server, though it answers. @param unreached Coworkers of its own that it does not reach. */
export function oneSided(unreached: readonly string[]): Trouble {
  const some = unreached.slice(0, 3).join(", ");
  return unreached.length === 0
    ? warning("oneSided", "does not list us, though we list it", "add this server to its coworkers")
    : warning(
      "oneSided",
      "does not ask us, though we list it",
      `add this server to its coworkers; or is it meant by ${some}, which it does not reach?`,
    );
}

/** It runs another release, whose first two numbers differ. */
export function versionSkew(theirs: string, ours: string): Trouble {
  return warning("version", `runs ${theirs}, and this server ${ours}`, "upgrade the older one");
}

/** Its clock differs. @param skewMs How far it is ahead. */
export function clockSkew(skewMs: number): Trouble {
  const seconds = (Math.abs(skewMs) / 1000).toFixed(1);
  const what = `has a clock ${seconds} s ${skewMs > 0 ? "ahead of" : "behind"} ours`;
  return warning("clock", what, "synchronize both clocks (NTP): they decide which of two publishers came first");
}

/** Another server has the same `server_id`. */
export function sameServerId(serverId: string, other: string): Trouble {
  return warning("serverId", `has the same server_id (${serverId}) as ${other}`, "give each server its own, or none");
}

/** A server that pulled from here is gone. */
export function noLongerHeard(): Trouble {
  return {
    kind: "gone",
    severity: "note",
    what: "is not heard of any more",
    remedy: "nothing to do if it plays no stream from here now; else see whether it runs",
  };
}

/** An origin that this edge pulls from cannot be reached. @param error What the latest attempt said. */
export function originUnreachable(failure: string): Trouble {
  return error("unreachable", failure, "does it run, and is this its RTMP port?");
}

/** This server has coworkers, and no HTTP API. */
export function noApiForCoworkers(): Trouble {
  return warning("noApi", "lists coworkers, but has no HTTP API: they cannot ask it", "switch http_api on");
}

/** It is about to stop. */
export function isStopping(): Trouble {
  return { kind: "draining", severity: "note", what: "is about to stop", remedy: "" };
}

function error(kind: TroubleKind, what: string, remedy: string): Trouble {
  return { kind, severity: "error", what, remedy };
}

function warning(kind: TroubleKind, what: string, remedy: string): Trouble {
  return { kind, severity: "warning", what, remedy };
}
