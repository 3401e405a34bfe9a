/** How a server is started for a measurement. */
export interface PeerStart {
  port: number;
  /** Of HTTP-FLV. */
  httpPort: number;
  /** Of the stream to come; only the floor, which makes its own, needs it. */
  kbps: number;
  /** Empty directory for configuration and logs. */
  dir: string;
}

/** A server program to measure. */
export interface Peer {
  name: string;
  /** Shown with the results: what one must know to compare. */
  note: string;
  /** Makes its own stream: no publisher is started. */
  ownSource?: true;
  /** Serves HTTP-FLV too. */
  hasFlv?: true;
  /** Why it cannot be measured here; null when it can. */
  missing(): string | null;
  /** Writes what it needs into `dir`; gives program and arguments of a server in the foreground. */
  command(start: PeerStart): [string, ...string[]];
}

const root = new URL("../../", import.meta.url).pathname;

const floor: Peer = {
  name: "floor",
  note: "bare Deno loop, own stream, one shared buffer each 350 ms",
  ownSource: true,
  missing: () => null,
  command: ({ port, kbps }) => [
    Deno.execPath(),
    "run",
    "-A",
    "--no-check",
    `${root}tests/bench/floor_server.ts`,
    `--port=${port}`,
    `--kbps=${kbps}`,
  ],
};

/** Configuration in SRS's language, for SRS and for this project's server. */
function srsConfig(port: number, httpPort: number, dir: string): string {
  return `listen ${port};
max_connections 10000;
daemon off;
srs_log_tank console;
pid ${dir}/server.pid;
http_server { enabled on; listen ${httpPort}; dir ${dir}; }
vhost __defaultVhost__ {
  http_remux { enabled on; mount [vhost]/[app]/[stream].flv; }
}
`;
}

function writeSrsConfig({ port, httpPort, dir }: PeerStart): string {
  const path = `${dir}/server.conf`;
  Deno.writeTextFileSync(path, srsConfig(port, httpPort, dir));
  return path;
}

const srsTs: Peer = {
  name: "srs-ts",
  note: "from source, defaults (chunk_size 60000, mw_latency 350)",
  hasFlv: true,
  missing: () => exists(`${root}main.ts`) ? null : "there is no main.ts",
  command: (
    start,
  ) => [Deno.execPath(), "run", "-A", "--no-check", `${root}main.ts`, "origin", "-c", writeSrsConfig(start)],
};

const srsTsBinary: Peer = {
  name: "srs-ts-bin",
  note: "compiled, defaults",
  hasFlv: true,
  missing: () => needsFile("SRS_TS_BIN", "the compiled srs-ts"),
  command: (start) => [Deno.env.get("SRS_TS_BIN") ?? "", "origin", "-c", writeSrsConfig(start)],
};

const srs: Peer = {
  name: "srs",
  note: "defaults (chunk_size 60000, mw_latency 350)",
  hasFlv: true,
  missing: () => needsFile("SRS_BIN", "the SRS program"),
  command: (start) => [Deno.env.get("SRS_BIN") ?? "", "-c", writeSrsConfig(start)],
};

const NGINX = "/usr/sbin/nginx";
const NGINX_RTMP = "/usr/lib/nginx/modules/ngx_rtmp_module.so";

function nginxRtmp(name: string, chunkSize: number): Peer {
  return {
    name,
    note: `Debian's module, 1 worker, chunk_size ${chunkSize}, no merged write, no GOP cache`,
    missing: () => [NGINX, NGINX_RTMP].every(exists) ? null : "needs Debian's nginx and libnginx-mod-rtmp",
    command({ port, dir }) {
      const config = `load_module ${NGINX_RTMP};
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
    application live { live on; wait_key on; }
  }
}
`;
      Deno.writeTextFileSync(`${dir}/nginx.conf`, config);
      return [NGINX, "-p", dir, "-c", `${dir}/nginx.conf`, "-e", `${dir}/error.log`];
    },
  };
}

/** All servers that a measurement can name. */
export const peers: Peer[] = [
  srsTs,
  srsTsBinary,
  floor,
  srs,
  nginxRtmp("nginx-rtmp", 4096),
  nginxRtmp("nginx-rtmp-60000", 60_000),
];

function needsFile(variable: string, what: string): string | null {
  const path = Deno.env.get(variable);
  if (path === undefined) return `set ${variable} to ${what}`;
  return exists(path) ? null : `${variable}: there is no ${path}`;
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
