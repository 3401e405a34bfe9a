import type { Call } from "../call.ts";
import { redirect } from "../api/route.ts";
import type { Mount } from "../router.ts";
import { methodNotAllowed } from "../envelope.ts";

/** Every file of the page, by its path: nothing else can be asked for, whatever a request says. */
const files: ReadonlyMap<string, string> = new Map([
  ["/console/", "index.html"],
  ["/players/srs_player.html", "player.html"],
  ...[
    "index.html",
    "console.css",
    "icon.svg",
    "console.js",
    "actions.js",
    "columns/cells.js",
    "columns/client_columns.js",
    "cluster.js",
    "confirm.js",
    "details.js",
    "dom.js",
    "engines.js",
    "columns/event_columns.js",
    "format.js",
    "history.js",
    "live_player.js",
    "local_page.js",
    "own_server.js",
    "paged_table.js",
    "player_dialog.js",
    "player_page.js",
    "player_query.js",
    "problems.js",
    "columns/pull_columns.js",
    "columns/server_columns.js",
    "columns/stream_columns.js",
    "table.js",
    "vendor/hls.js",
    "vendor/mpegts.js",
    "vendor/license.txt",
  ].map((name) => [`/console/${name}`, name] as const),
]);

/** Both pages also go by names that lack something; the query goes along. */
const moved: ReadonlyMap<string, string> = new Map([
  ["/console", "/console/"],
  ["/players", "/players/srs_player.html"],
  ["/players/", "/players/srs_player.html"],
]);

const types: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
  txt: "text/plain; charset=utf-8",
};

/**
 * Only files of this server run; requests go to any server, because the page shows those that the user names, and
 * plays from them. `blob:` is how a page hands media to the browser, which may also load HLS itself.
 */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self' http: https: ws: wss:",
  "media-src 'self' blob: http: https:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
].join("; ");

interface LoadedFile {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly etag: string;
}

/** What the player alone consists of. */
const playerFiles: ReadonlySet<string> = new Set([
  "player.html",
  "console.css",
  "icon.svg",
  "dom.js",
  "engines.js",
  "live_player.js",
  "player_page.js",
  "player_query.js",
  "vendor/hls.js",
  "vendor/mpegts.js",
  "vendor/license.txt",
]);

/** Serves the console at `/console/` and its player at `/players/srs_player.html`, where SRS has them. */
export function consoleMount(): Mount {
  return pageMount(() => true);
}

/** The player alone, for viewers who do not reach the API. A site's own files of the same names go first. */
export function playerMount(files: Mount): Mount {
  const page = pageMount((name) => playerFiles.has(name));
  return async (call) => {
    const answer = await page(call);
    if (answer === null) return null;
    const own = await files(call);
    return own instanceof Response && own.status !== 404 ? own : answer;
  };
}

function pageMount(has: (name: string) => boolean): Mount {
  const loaded = new Map<string, Promise<LoadedFile>>();
  return (call) => {
    const { path, method, search } = call;
    const target = moved.get(path);
    const name = files.get(target ?? path);
    if (name === undefined || !has(name)) return null;
    if (method !== "GET" && method !== "HEAD") return methodNotAllowed(["GET"]);
    if (target !== undefined) return redirect(302, target, search);
    return answerFile(loaded, name, call);
  };
}

async function answerFile(loaded: Map<string, Promise<LoadedFile>>, name: string, call: Call): Promise<Response> {
  const pending = loaded.get(name) ?? readAsset(name);
  loaded.set(name, pending);
  const { body, etag } = await pending.catch((error) => {
    // The next request tries again.
    loaded.delete(name);
    throw error;
  });
  const headers = {
    "content-type": types[name.slice(name.lastIndexOf(".") + 1)] ?? "application/octet-stream",
    "content-security-policy": contentSecurityPolicy,
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
    etag,
  };
  if (call.headers.get("if-none-match") === etag) return new Response(null, { status: 304, headers });
  return new Response(call.method === "HEAD" ? null : body, {
    headers: { ...headers, "content-length": String(body.length) },
  });
}

/** Read as a whole: files inside a compiled program cannot be opened. */
async function readAsset(name: string): Promise<LoadedFile> {
  const body = await Deno.readFile(new URL(`./page/${name}`, import.meta.url));
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", body));
  return { body, etag: `"${Array.from(hash.subarray(0, 12), (byte) => byte.toString(16).padStart(2, "0")).join("")}"` };
}
