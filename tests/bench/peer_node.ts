import { exists } from "./peer_files.ts";
import type { Peer } from "./peers.ts";

const VERSION = "4.4.3";
/** Kept from run to run, outside the project. */
const directory = `${Deno.env.get("TMPDIR") ?? "/tmp"}/srs-ts-bench-nms-${VERSION}`;
const app = `${directory}/node_modules/node-media-server/bin/app.js`;

/** Node-Media-Server from npm, installed when it is first asked for. */
export const nodeMediaServer: Peer = {
  name: "node-media-server",
  note: `${VERSION} from npm, on the installed Node.js; no merged write, no edge on demand`,
  can: ["flv", "publish"],
  async prepare() {
    if (exists(app)) return null;
    try {
      const args = ["install", "--prefix", directory, "--no-audit", "--no-fund", `node-media-server@${VERSION}`];
      const { success } = await new Deno.Command("npm", { args, stdout: "null", stderr: "null" }).output();
      return success && exists(app) ? null : `npm could not install node-media-server ${VERSION}`;
    } catch {
      return "needs Node.js with npm";
    }
  },
  command({ port, httpPort, dir }) {
    const config = {
      bind: "127.0.0.1",
      rtmp: { port },
      http: { port: httpPort },
      store: { path: `${dir}/data` },
      auth: { play: false, publish: false },
      webadmin: { enable: false },
    };
    Deno.writeTextFileSync(`${dir}/nms.json`, JSON.stringify(config));
    return ["node", app, "-c", `${dir}/nms.json`];
  },
};
