import type { World } from "../../base/world.ts";
import type { Config } from "../../config/mod.ts";
import type { Call } from "../call.ts";
import type { Mount } from "../router.ts";
import { serveFile } from "./static_files.ts";

/** The server whose files are served. */
export type FileServer = { readonly config: Config; readonly world: Pick<World, "files"> };

/**
 * Serves the files of `http_static` for its vhost, told by the Host header, and those of `http_server.dir` for everybody.
 * The configuration is looked at for each request.
 */
export function staticMount(server: FileServer): Mount {
  return (call) => {
    const { dir, path } = placeOf(server.config, call);
    return serveFile(server.world.files, dir, path, call);
  };
}

/** The directory for a request, and what of its path is below. */
function placeOf({ vhosts, httpServer }: Config, { hostname, path }: Call): { dir: string; path: string } {
  const vhost = vhosts.find(({ name }) => name === hostname) ?? vhosts.find(({ name }) => name === "__defaultVhost__");
  if (vhost?.enabled && vhost.httpStatic.enabled) {
    // What stands before the first slash is the vhost.
    const prefix = vhost.httpStatic.mount.replace(/^[^/]*/, "").replace(/\/*$/, "");
    if (path === prefix || path.startsWith(`${prefix}/`)) {
      return { dir: vhost.httpStatic.dir, path: path.slice(prefix.length) || "/" };
    }
  }
  return { dir: httpServer.dir, path };
}
