import { type BrowserContext, chromium, type Page } from "playwright-core";
import { freePort, isListening, Program, programCommand, until } from "../kit/launcher.ts";
import { clip, publishClip } from "../kit/media/media.ts";
import { interopTest } from "../kit/tools.ts";

/** A browser with a profile of its own, gone at the end of the test. */
export class Browser implements AsyncDisposable {
  /** What went wrong in its pages. */
  readonly faults: string[] = [];

  private constructor(readonly context: BrowserContext, readonly page: Page, readonly dir: string) {
    page.on("pageerror", (error) => this.faults.push(error.message));
    page.on("console", (message) => {
      if (message.text().includes("Content Security Policy")) this.faults.push(message.text());
    });
    page.on("dialog", (dialog) => this.faults.push(`dialog: ${dialog.message()}`));
  }

  static async start(): Promise<Browser> {
    const dir = await Deno.makeTempDir();
    const context = await chromium.launchPersistentContext(dir, {
      executablePath: "/usr/bin/chromium",
      viewport: { width: 1280, height: 900 },
      args: [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    });
    context.setDefaultTimeout(15_000);
    return new Browser(context, await context.newPage(), dir);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.context.close();
    await Deno.remove(this.dir, { recursive: true });
  }
}

/** An origin, or an edge, as a process of its own, with API and HTTP-FLV. */
export class Origin implements AsyncDisposable {
  private constructor(
    readonly rtmp: number,
    readonly api: number,
    readonly flv: number,
    readonly dir: string,
    readonly program: Program,
  ) {}

  /**
   * @param cluster Directives of the vhost's `cluster`.
   * @param auth Directives of `http_api { auth { } }`.
   * @param httpApi Other directives of `http_api`.
   * @param vhost Other directives of the vhost.
   */
  static async start(api = freePort(), cluster = "", auth = "", httpApi = "", vhost = ""): Promise<Origin> {
    const [rtmp, flv] = [freePort(), freePort()];
    const dir = await Deno.makeTempDir();
    await Deno.writeTextFile(
      `${dir}/origin.conf`,
      `listen 127.0.0.1:${rtmp}; daemon off; srs_log_tank console; pid ${dir}/origin.pid;
       http_api { enabled on; listen 127.0.0.1:${api}; ${auth === "" ? "" : `auth { ${auth} }`} ${httpApi} }
       http_server { enabled on; listen 127.0.0.1:${flv}; dir ${dir}; }
       vhost __defaultVhost__ { http_remux { enabled on; mount [vhost]/[app]/[stream].flv; }
         cluster { ${cluster} } ${vhost} }`,
    );
    const role = cluster.startsWith("mode remote;") ? "edge" : "origin";
    const program = new Program(programCommand(role, "-c", `${dir}/origin.conf`), { cwd: dir });
    const origin = new Origin(rtmp, api, flv, dir, program);
    await until(() => isListening(api), 20_000, () => `the API; ${program.output}`);
    return origin;
  }

  url(stream: string): string {
    return `rtmp://127.0.0.1:${this.rtmp}/live/${stream}`;
  }

  publish(stream: string): Program {
    return new Program(publishClip(this.url(stream), "-re", "-stream_loop", "-1", "-i", clip));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.program[Symbol.asyncDispose]();
    await Deno.remove(this.dir, { recursive: true });
  }
}

/** A test that needs Chromium, and ffmpeg as the publisher. */
export function browserTest(name: string, fn: () => Promise<void>): void {
  interopTest(name, ["chromium", "ffmpeg"], fn);
}
