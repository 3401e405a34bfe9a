import type { Logger } from "../base/log.ts";
import { SERVER_NAME } from "../server/identity.ts";
import { type Credentials, isAuthorized, unauthorized } from "./basic_auth.ts";
import { type Call, type HttpRequest, readCall } from "./call.ts";
import { allowCrossOrigin } from "./cors.ts";
import { refusal } from "./envelope.ts";
import type { Answer } from "./live_answer.ts";

/** A group of paths on a listener; null for a request that is not one of them. */
export type Mount = (call: Call) => Answer | Promise<Answer | null> | null;

/** What holds for all requests of a listener, whoever answers them. */
export interface RouterPolicy {
  /** `http_server.crossdomain`, which SRS obeys on the API's port too. */
  readonly crossdomain: boolean;
  readonly auth: Credentials;
  /** Whether a request needs no password, being a coworker's. */
  isOfCoworker?(call: Call): Promise<boolean>;
}

/** Answers every request of a listener: by the first mount that knows its path. Never throws. */
export class Router {
  readonly #mounts: readonly Mount[];
  readonly #policy: () => RouterPolicy;
  readonly #log: Logger;

  /** @param policy Asked anew for each request, so that a reload counts at once. */
  constructor(mounts: readonly Mount[], policy: () => RouterPolicy, log: Logger) {
    this.#mounts = mounts;
    this.#policy = policy;
    this.#log = log;
  }

  /** @param remoteIp Address of the client. */
  async handle(request: HttpRequest, remoteIp: string): Promise<Answer> {
    const policy = this.#policy();
    const answer = await this.#answerOrApologize(request, remoteIp, policy);
    answer.headers.set("server", SERVER_NAME);
    // Names that peers choose stand in the answers: no browser shall take one for a page.
    answer.headers.set("x-content-type-options", "nosniff");
    if (policy.crossdomain) allowCrossOrigin(request.headers, answer.headers);
    return answer;
  }

  async #answerOrApologize(request: HttpRequest, remoteIp: string, policy: RouterPolicy): Promise<Answer> {
    try {
      return await this.#answer(readCall(request, remoteIp), policy);
    } catch (error) {
      const text = error instanceof Error ? error.stack ?? error.message : String(error);
      this.#log.error(`HTTP ${request.method} of ${remoteIp} failed: ${text}`);
      return refusal(500, "internal error, see the log of the server");
    }
  }

  async #answer(call: Call, policy: RouterPolicy): Promise<Answer> {
    const { crossdomain, auth } = policy;
    if (call.method === "OPTIONS") return crossdomain ? new Response(null) : methodNotAllowed(["GET"]);
    if (call.path.includes("/api/") && !isAuthorized(auth, call.headers) && !await policy.isOfCoworker?.(call)) {
      this.#log.warn(`HTTP ${call.method} ${call.path} of ${call.remoteIp} without the right password`);
      return unauthorized();
    }
    for (const mount of this.#mounts) {
      const answer = await mount(call);
      if (answer !== null) return answer;
    }
    return refusal(404, "no such path, see /api/v1/");
  }
}

/** The answer to a method that a path does not have. */
export function methodNotAllowed(allowed: readonly string[]): Response {
  const answer = refusal(405, `allowed: ${allowed.join(", ")}`);
  answer.headers.set("allow", allowed.join(", "));
  return answer;
}
