import type { Logger } from "../base/log.ts";
import { recover, type Soon, whenThere } from "../base/soon.ts";
import { SERVER_NAME } from "../server/identity.ts";
import type { RouterPolicy } from "./access/policy.ts";
import { isAuthorized, unauthorized } from "./access/basic_auth.ts";
import { type Call, type HttpRequest, readCall } from "./call.ts";
import { allowCrossOrigin, type CorsRules, mayAnswerOrigin } from "./access/cors.ts";
import { methodNotAllowed, refusal } from "./envelope.ts";
import type { Answer } from "./live/live_answer.ts";

/** A group of paths on a listener; null for a request that is not one of them. */
export type Mount = (call: Call) => Soon<Answer | null>;

/** What only proxies do (RFC 9110 §9.3.6, §9.3.8): whoever asks for it must not take a page for a tunnel. */
const TUNNEL_METHODS: readonly string[] = ["CONNECT", "TRACE"];

/** Answers every request of a listener: by the first mount that knows its path. Never throws. */
export class Router {
  readonly #mounts: readonly Mount[];
  readonly #policy: () => RouterPolicy;
  readonly #log: Logger;

  /** @param policy Asked for each request, so that a reload counts at once. */
  constructor(mounts: readonly Mount[], policy: () => RouterPolicy, log: Logger) {
    this.#mounts = mounts;
    this.#policy = policy;
    this.#log = log;
  }

  /** @param remoteIp Address of the client. */
  handle(request: HttpRequest, remoteIp: string): Soon<Answer> {
    const policy = this.#policy();
    const call = readCall(request, remoteIp);
    const cors = corsRules(call, policy);
    const given = recover(() => this.#answer(call, policy, cors), (error) => this.#apologize(call, error));
    return whenThere(given, (answer) => {
      answer.headers.set("server", SERVER_NAME);
      // Names that peers choose stand in the answers: no browser shall take one for a page.
      answer.headers.set("x-content-type-options", "nosniff");
      allowCrossOrigin(request.headers, answer.headers, cors);
      return answer;
    });
  }

  #apologize(call: Call, error: unknown): Answer {
    const text = error instanceof Error ? error.stack ?? error.message : String(error);
    this.#log.error(`HTTP ${call.method} ${call.path} from ${call.remoteIp} failed: ${text}`);
    return refusal(500, "internal error, see the server's log");
  }

  #answer(call: Call, { auth, isMember }: RouterPolicy, cors: CorsRules): Soon<Answer> {
    const { headers } = call;
    if (TUNNEL_METHODS.includes(call.method)) return methodNotAllowed(["GET"]);
    if (call.method === "OPTIONS") {
      const answersPages = cors.crossdomain || mayAnswerOrigin(headers.get("origin"), cors);
      return answersPages ? new Response(null) : methodNotAllowed(["GET"]);
    }
    if (!cors.isApi || isAuthorized(auth, headers)) return this.#ask(call, 0);
    return isMember(call).then((isIn) => {
      if (isIn) return this.#ask(call, 0);
      this.#log.warn(`HTTP ${call.method} ${call.path} from ${call.remoteIp} refused: wrong or missing password`);
      return unauthorized();
    });
  }

  /** Asks the mounts, from one of them on. */
  #ask(call: Call, from: number): Soon<Answer> {
    const mount = this.#mounts[from];
    if (mount === undefined) return refusal(404, "not found, see /api/v1/");
    return whenThere(mount(call), (answer) => answer ?? this.#ask(call, from + 1));
  }
}

function corsRules({ path }: Call, { auth, crossdomain, allowOrigin }: RouterPolicy): CorsRules {
  return { isApi: path.includes("/api/"), hasPassword: auth.enabled, crossdomain, allowOrigin };
}
