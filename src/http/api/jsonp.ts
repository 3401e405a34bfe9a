import { type AccessServer, callerOf } from "../access/policy.ts";
import type { Call } from "../call.ts";
import { mayAnswerOrigin } from "../access/cors.ts";
import { refusal } from "../envelope.ts";
import type { Mount } from "../router.ts";

/** Function names that SRS takes, of bounded length; none stands for no function. */
const FUNCTION_NAME = /^[\w.-]{0,128}$/;
const METHODS = ["GET", "PUT", "POST", "DELETE"];

/**
 * Answers with a script that calls the page's function, where a call has `callback=` (JSONP): SRS's console reads the API
 * so. `method=` then stands for the method, as in SRS.
 *
 * Such a call is a page's, whatever its other headers say: it may change only what a page may. Browsers let any page run
 * a script of another site and send the password of their user along; so only those pages get an answer that CORS would
 * let read it, and this server's own. Source: SRS 7 `SrsHttpMessage::set_url`, `srs_api_response_jsonp`.
 */
export function jsonpMount(server: AccessServer, mount: Mount): Mount {
  return (call) => {
    const name = call.query.get("callback");
    return name === "" ? mount(call) : answerScript(server, mount, { name, call });
  };
}

/** The answer to a call whose `callback=` is not the name of a function; null for all others. */
export function refuseCallback({ query }: Call): Response | null {
  return FUNCTION_NAME.test(query.get("callback")) ? null : refusal(400, "callback= takes letters, digits, _, . and -");
}

async function answerScript(server: AccessServer, mount: Mount, { name, call }: { name: string; call: Call }) {
  const asked = callOfPage(call);
  const answer = await mount(asked);
  if (!(answer instanceof Response)) return answer;
  if (answer.status !== 200 || answer.headers.get("content-type") !== "application/json") return answer;
  if (!await mayRead(server, asked)) {
    await answer.body?.cancel();
    return refusal(403, `pages of other sites may not read this; "http_api { allow_origin ORIGIN; }" allows them`);
  }
  const json = await answer.text();
  // What ends a line in scripts of before 2019 ends none in JSON.
  const safe = json.replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029");
  return new Response(`${name}(${safe})`, { headers: { "content-type": "text/javascript" } });
}

/** The call as a request of a page: scripts are asked for without `Origin`, but the `Referer` tells the page. */
function callOfPage(call: Call): Call {
  const headers = new Headers([...call.headers]);
  const site = headers.get("sec-fetch-site");
  const page = headers.get("referer") ?? "";
  if (!headers.has("origin") && URL.canParse(page)) headers.set("origin", new URL(page).origin);
  // A followed link, say of a mail, is not a decision of this server's page.
  if (site === "none") headers.set("sec-fetch-site", "cross-site");
  const named = call.query.get("method");
  const method = METHODS.includes(named) ? named : call.method;
  return { ...call, method, headers, isOfPage: true };
}

async function mayRead(server: AccessServer, call: Call): Promise<boolean> {
  const { httpApi: { auth, allowOrigin }, httpServer: { crossdomain } } = server.config;
  const rules = { isApi: true, hasPassword: auth.enabled, crossdomain, allowOrigin };
  return mayAnswerOrigin(call.headers.get("origin"), rules) || (await callerOf(server, call)).kind !== "page";
}
