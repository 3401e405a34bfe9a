const TIMEOUT_MS = 5000;

/** The server that this page was loaded from, the only one that it asks. */
export class OwnServer {
  label = location.host;
  /** Without credentials, else the browser's question would come again with each poll that is refused. */
  #access = { credentials: "omit", timeoutMs: TIMEOUT_MS };

  /** Lets the browser ask for the password with the next call, which then takes as long as the user does. */
  signIn() {
    this.#access = { credentials: "same-origin" };
  }

  /** The whole answer of the API; `status` of the error is 401 where a password is wanted. */
  async ask(path, init = {}) {
    try {
      const answer = await ask(path, { ...init, ...this.#access });
      this.#access.timeoutMs = TIMEOUT_MS;
      return answer;
    } catch (error) {
      if (error.status === 401) this.#access = { credentials: "omit", timeoutMs: TIMEOUT_MS };
      throw error;
    }
  }

  /** Ends a client's connection. @param coworker Where it is connected; empty for this server. */
  kick(coworker, id) {
    if (coworker === "") return this.ask(`/api/v1/clients/${encodeURIComponent(id)}`, { method: "DELETE" });
    return this.#actAt(coworker, `do=kick&id=${encodeURIComponent(id)}`);
  }

  /** Begins the graceful stop of a server. */
  drain(coworker) {
    return coworker === "" ? this.ask("/api/v1/drain", { method: "POST" }) : this.#actAt(coworker, "do=drain");
  }

  /** A page may act on no server but its own, which passes the command on. */
  #actAt(coworker, what) {
    return this.ask(`/console/api/act?server=${encodeURIComponent(coworker)}&${what}`, { method: "POST" });
  }
}

async function ask(path, { timeoutMs, ...init }) {
  let response;
  try {
    const signal = timeoutMs === undefined ? null : AbortSignal.timeout(timeoutMs);
    response = await fetch(path, { ...init, cache: "no-store", signal });
  } catch (error) {
    const late = error.name === "TimeoutError";
    throw new Error(late ? `no answer within ${TIMEOUT_MS / 1000} seconds` : "not reachable", { cause: error });
  }
  if (response.status === 401) throw failure(401, "asks for a user name and password");
  const body = await response.json().catch((error) => {
    if (!response.ok) return null;
    throw failure(response.status, `did not answer as the API does (${error.name})`);
  });
  if (!response.ok) {
    throw failure(response.status, typeof body?.message === "string" ? body.message : `HTTP status ${response.status}`);
  }
  if (body?.code !== 0) {
    throw failure(200, typeof body?.message === "string" ? body.message : `answered with error ${Number(body?.code)}`);
  }
  return body;
}

function failure(status, message) {
  return Object.assign(new Error(message), { status });
}
