/** HTTP/2 with clients of others. */
import { chromium } from "playwright-core";
import { assert, assertEquals, assertGreater } from "../kit/assert.ts";
import { freePort, isListening, Program, programCommand, run, until } from "../kit/launcher.ts";
import { clip, publishClip } from "../kit/media/media.ts";
import { tlsPath } from "../kit/tls_files.ts";
import { interopTest } from "../kit/tools.ts";

interopTest("curl and Chromium are served by HTTP/2: files, low-latency HLS, and a live stream without end", [
  "chromium",
  "curl",
  "ffmpeg",
], async () => {
  const dir = await Deno.makeTempDir();
  await using stack = new AsyncDisposableStack();
  stack.defer(() => Deno.remove(dir, { recursive: true }));
  const [rtmp, web, secure] = [freePort(), freePort(), freePort()];
  const file = crypto.getRandomValues(new Uint8Array(60_000));
  await Deno.writeFile(`${dir}/a.bin`, file);
  await Deno.writeTextFile(
    `${dir}/t.conf`,
    `listen 127.0.0.1:${rtmp}; pid ${dir}/t.pid; srs_log_tank console; max_connections 100;
     http_server { enabled on; listen 127.0.0.1:${web}; dir ${dir};
       https { enabled on; http2 on; listen 127.0.0.1:${secure}; key ${tlsPath("server.key")}; cert ${
      tlsPath("server.crt")
    }; } }
     vhost __defaultVhost__ { http_remux { enabled on; }
       hls { enabled on; hls_ctx off; hls_fragment 2; hls_use_fmp4 on; hls_low_latency on; } }`,
  );
  const server = stack.use(new Program(programCommand("origin", "-c", `${dir}/t.conf`), { cwd: dir }));
  await until(() => isListening(secure), 20_000, () => server.output);
  const url = `https://localhost:${secure}`;
  const publish = publishClip(`rtmp://127.0.0.1:${rtmp}/live/s`, "-re", "-stream_loop", "-1", "-i", clip);
  stack.use(new Program(publish));
  const curl = ["curl", "-s", "--cacert", tlsPath("authority.crt"), "-w", " %{http_version} %{http_code}"];
  const got = await run([...curl, "--http2", "-o", `${dir}/b.bin`, `${url}/a.bin`], 20_000);
  assertEquals([got.code, got.output.trim()], [0, "2 200"]);
  assertEquals(await Deno.readFile(`${dir}/b.bin`), file);
  const old = await run([...curl, "--http1.1", "-o", `${dir}/b.bin`, `${url}/a.bin`], 20_000);
  assertEquals([old.code, old.output.trim()], [0, "1.1 200"]);
  const list = () => run([...curl, "--http2", `${url}/live/s.m3u8`], 20_000);
  await until(async () => (await list()).output.includes("EXTINF"), 30_000, () => server.output);

  const args = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--ignore-certificate-errors"];
  const context = await chromium.launchPersistentContext(`${dir}/profile`, {
    executablePath: "/usr/bin/chromium",
    ignoreHTTPSErrors: true,
    args,
  });
  stack.defer(() => context.close());
  const page = await context.newPage();
  await page.goto(`${url}/player?stream=live/s`);
  const playedS = (): Promise<number> => page.evaluate("document.querySelector('video')?.currentTime ?? 0");
  await until(async () => await playedS() > 2, 30_000, () => server.output);
  // A blocked reload beside the stream without end, on the same connection.
  const status = await page.evaluate(async () => {
    const text = await (await fetch("/live/s.m3u8")).text();
    const [, first = "0"] = /MEDIA-SEQUENCE:(\d+)/.exec(text) ?? [];
    const next = Number(first) + text.split("#EXTINF").length - 1;
    const answer = await fetch(`/live/s.m3u8?_HLS_msn=${next}&_HLS_part=0`);
    await answer.text();
    return answer.status;
  });
  assertEquals(status, 200);
  const protocols = "[...new Set(performance.getEntriesByType('resource').map((each) => each.nextHopProtocol))]";
  assertEquals(await page.evaluate(protocols), ["h2"]);
  const before = await playedS();
  await until(async () => await playedS() > before + 1, 15_000, () => server.output);
  assertGreater(before, 0);
  assert(server.output.includes("play /live/s over HTTP"), server.output);
});
