import { exists } from "./peer_files.ts";
import type { Peer } from "./peers.ts";

const NGINX = "/usr/sbin/nginx";
const MODULE = "/usr/lib/nginx/modules/ngx_rtmp_module.so";

/** Debian's nginx with its RTMP module. */
export function nginxRtmp(name: string, chunkSize: number): Peer {
  return {
    name,
    note: `Debian's module, 1 worker, chunk_size ${chunkSize}; no merged write, no GOP cache, no HTTP-FLV`,
    can: ["edge", "publish"],
    prepare: () => Promise.resolve([NGINX, MODULE].every(exists) ? null : "needs Debian's nginx and libnginx-mod-rtmp"),
    command({ port, dir, originPort }) {
      const config = `load_module ${MODULE};
daemon off;
worker_processes 1;
pid ${dir}/nginx.pid;
error_log ${dir}/error.log warn;
events { worker_connections 10000; }
rtmp {
  access_log off;
  server {
    listen 127.0.0.1:${port};
    chunk_size ${chunkSize};
    application live {
      live on;
      wait_key on;
      ${originPort === null ? "" : `pull rtmp://127.0.0.1:${originPort}/live;`}
    }
  }
}
`;
      Deno.writeTextFileSync(`${dir}/nginx.conf`, config);
      return [NGINX, "-p", dir, "-c", `${dir}/nginx.conf`, "-e", `${dir}/error.log`];
    },
  };
}
