/** The console over https in a real browser. */
import { chromium } from "playwright-core";
import { assertEquals } from "../kit/assert.ts";
import { freePort, isListening, Program, programCommand, until } from "../kit/launcher.ts";
import { tlsPath } from "../kit/tls_files.ts";
import { clip, publishClip } from "../kit/media/media.ts";
import { interopTest } from "../kit/tools.ts";

/** Ports that all servers of the cluster have, each on an address of its own. */
const ports = { rtmp: freePort(), api: freePort(), secureApi: freePort(), web: freePort(), secureWeb: freePort() };

function startOrigin(dir: string, ip: string, coworker: string): Program {
  const https = (port: number) =>
    `https { enabled on; listen ${ip}:${port}; key ${tlsPath("server.key")}; cert ${tlsPath("server.crt")}; }`;
  const conf = `${dir}/${ip}.conf`;
  Deno.writeTextFileSync(
    conf,
    `listen ${ip}:${ports.rtmp}; pid ${conf}.pid; srs_log_tank console; max_connections 100;
     http_api { enabled on; listen ${ip}:${ports.api}; ${https(ports.secureApi)} }
     http_server { enabled on; listen ${ip}:${ports.web}; ${https(ports.secureWeb)} }
     vhost __defaultVhost__ { http_remux { enabled on; }
       cluster { origin_cluster on; coworkers ${coworker}:${ports.api}; } }`,
  );
  return new Program(programCommand("origin", "-c", conf), { cwd: dir });
}

interopTest(
  "the console over https asks its own server alone, and plays a stream of a coworker over https",
  ["chromium", "ffmpeg"],
  async () => {
    const dir = await Deno.makeTempDir();
    await using stack = new AsyncDisposableStack();
    stack.defer(() => Deno.remove(dir, { recursive: true }));
    const [one, two] = ["127.0.0.1", "127.0.0.2"] as const;
    const a = stack.use(startOrigin(dir, one, two));
    stack.use(startOrigin(dir, two, one));
    await until(() => isListening(ports.secureApi), 20_000, () => a.output);
    stack.use(new Program(publishClip(`rtmp://${two}:${ports.rtmp}/live/s`, "-re", "-stream_loop", "-1", "-i", clip)));
    const args = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--ignore-certificate-errors"];
    const context = await chromium.launchPersistentContext(`${dir}/profile`, {
      executablePath: "/usr/bin/chromium",
      args: [...args, "--autoplay-policy=no-user-gesture-required"],
    });
    stack.defer(() => context.close());
    context.setDefaultTimeout(15_000);
    const page = await context.newPage();
    const asked = new Set<string>();
    page.on("request", (request) => asked.add(new URL(request.url()).origin));
    await page.goto(`https://${one}:${ports.secureApi}/console/`);
    const open = page.getByRole("link", { name: `Open the console of ${two}:${ports.api}` });
    assertEquals(await open.getAttribute("href"), `https://${two}:${ports.secureApi}/console/`);
    await page.getByRole("button", { name: `Show streams of ${two}:${ports.api}` }).click();
    await page.locator("#streams tbody tr", { hasText: "/live/s" }).waitFor();
    await page.getByRole("button", { name: "Play /live/s" }).first().click();
    const time = () => page.evaluate("document.querySelector('video')?.currentTime ?? 0");
    await until(async () => Number(await time()) > 1, 15_000, () => a.output);
    const own = `https://${one}:${ports.secureApi}`;
    assertEquals([...asked].filter((origin) => origin !== "null").toSorted(), [
      own,
      `https://${two}:${ports.secureWeb}`,
    ]);
  },
);
