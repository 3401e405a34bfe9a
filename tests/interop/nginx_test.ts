import { FollowingClient } from "../kit/peers/following_client.ts";
import { freePort, isListening, Program, programCommand, until } from "../kit/launcher.ts";
import { clip, publishClip } from "../kit/media/media.ts";
import { interopTest } from "../kit/tools.ts";

/** Text of a configuration for nginx with Debian's RTMP module, in the foreground, all files in `dir`. */
function nginxConf(dir: string, port: number, application: string): string {
  return `load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;
daemon off; master_process off; worker_processes 1; pid ${dir}/nginx.pid; error_log ${dir}/error.log;
events { worker_connections 256; }
rtmp { access_log off; server { listen 127.0.0.1:${port}; application live { live on; ${application} } } }
`;
}

async function startNginx(dir: string, port: number, application: string): Promise<Program> {
  const path = `${dir}/nginx.conf`;
  await Deno.writeTextFile(path, nginxConf(dir, port, application));
  const nginx = new Program(["nginx", "-p", dir, "-c", path]);
  await until(() => isListening(port), 10_000, () => `nginx on port ${port}: ${nginx.output}`);
  return nginx;
}

async function startOurs(role: "origin" | "edge", dir: string, port: number, cluster: string): Promise<Program> {
  const path = `${dir}/${role}.conf`;
  await Deno.writeTextFile(
    path,
    `listen ${port}; pid ${dir}/${role}.pid; daemon off; srs_log_tank console;\nvhost __defaultVhost__ { cluster { ${cluster} } }\n`,
  );
  const server = new Program(programCommand(role, "-c", path), { cwd: dir });
  await until(() => isListening(port), 20_000, () => `port ${port}: ${server.output}`);
  return server;
}

async function playsThrough(port: number, logs: () => string): Promise<void> {
  using player = new FollowingClient(`rtmp://127.0.0.1:${port}/live/x`);
  await until(() => player.video.length >= 50, 20_000, () => `50 frames; ended: ${player.ended}; ${logs()}`);
}

interopTest("nginx-rtmp pulls from our origin", ["nginx", "ffmpeg"], async () => {
  const dir = await Deno.makeTempDir();
  const [origin, front] = [freePort(), freePort()];
  await using server = await startOurs("origin", dir, origin, "mode local;");
  await using nginx = await startNginx(dir, front, `pull rtmp://127.0.0.1:${origin}/live;`);
  await using _publisher = new Program(
    publishClip(`rtmp://127.0.0.1:${origin}/live/x`, "-re", "-stream_loop", "-1", "-i", clip),
  );
  await playsThrough(front, () => `${server.output} ${nginx.output}`);
  await Deno.remove(dir, { recursive: true });
});

interopTest("our edge pulls from nginx-rtmp", ["nginx", "ffmpeg"], async () => {
  const dir = await Deno.makeTempDir();
  const [origin, front] = [freePort(), freePort()];
  await using nginx = await startNginx(dir, origin, "");
  await using server = await startOurs("edge", dir, front, `mode remote; origin 127.0.0.1:${origin};`);
  await using _publisher = new Program(
    publishClip(`rtmp://127.0.0.1:${origin}/live/x`, "-re", "-stream_loop", "-1", "-i", clip),
  );
  await playsThrough(front, () => `${server.output} ${nginx.output}`);
  await Deno.remove(dir, { recursive: true });
});

interopTest("nginx-rtmp pushes to our origin", ["nginx", "ffmpeg"], async () => {
  const dir = await Deno.makeTempDir();
  const [origin, front] = [freePort(), freePort()];
  await using server = await startOurs("origin", dir, origin, "mode local;");
  await using nginx = await startNginx(dir, front, `push rtmp://127.0.0.1:${origin}/live;`);
  await using _publisher = new Program(
    publishClip(`rtmp://127.0.0.1:${front}/live/x`, "-re", "-stream_loop", "-1", "-i", clip),
  );
  await playsThrough(origin, () => `${server.output} ${nginx.output}`);
  await Deno.remove(dir, { recursive: true });
});
