import { freePort, Program, programCommand, run, until } from "../kit/launcher.ts";
import { clip } from "../kit/media/media.ts";

/**
 * The program as SRS's own black-box tests start SRS: by environment variables alone, in a directory of its own, ready when
 * its API answers.
 */
export class BlackBox implements AsyncDisposable {
  readonly dir = Deno.makeTempDirSync();
  readonly rtmpPort = freePort();
  readonly httpPort = freePort();
  readonly apiPort = freePort();
  readonly program: Program;

  private constructor(env: Readonly<Record<string, string>>) {
    Deno.mkdirSync(`${this.dir}/objs/nginx/html`, { recursive: true });
    this.program = new Program(programCommand("-e"), {
      cwd: this.dir,
      env: {
        SRS_DAEMON: "off",
        SRS_SRS_LOG_FILE: "console",
        SRS_MAX_CONNECTIONS: "100",
        SRS_WORK_DIR: this.dir,
        SRS_HTTP_SERVER_DIR: "./objs/nginx/html",
        SRS_VHOST_HLS_HLS_PATH: "./objs/nginx/html",
        SRS_VHOST_HLS_HLS_M3U8_FILE: "[app]/[stream].m3u8",
        SRS_VHOST_HLS_HLS_TS_FILE: "[app]/[stream]-[seq].ts",
        SRS_PID: "objs/srs-test.pid",
        SRS_SERVER_ID: "srs-id-test",
        SRS_HTTP_API_ENABLED: "on",
        SRS_HTTP_API_LISTEN: String(this.apiPort),
        SRS_LISTEN: String(this.rtmpPort),
        SRS_HTTP_SERVER_LISTEN: String(this.httpPort),
        SRS_SRT_SERVER_LISTEN: "10080",
        SRS_RTSP_SERVER_LISTEN: "8554",
        ...env,
      },
    });
  }

  /** @param env What a case sets besides. */
  static async start(env: Readonly<Record<string, string>> = {}): Promise<BlackBox> {
    const box = new BlackBox(env);
    try {
      await until(() => box.#isReady(), 20_000, () => `the API; ${box.program.output}`);
      return box;
    } catch (error) {
      await box[Symbol.asyncDispose]();
      throw error;
    }
  }

  rtmpUrl(stream: string): string {
    return `rtmp://localhost:${this.rtmpPort}/live/${stream}`;
  }

  httpUrl(path: string): string {
    return `http://localhost:${this.httpPort}${path}`;
  }

  /** Status and JSON of an answer of the API; `user` is `name:password`. */
  async api(path: string, user = ""): Promise<{ status: number; body: Record<string, unknown> }> {
    const headers: Record<string, string> = user === "" ? {} : { authorization: `Basic ${btoa(user)}` };
    const answer = await fetch(`http://localhost:${this.apiPort}${path}`, { headers });
    const text = await answer.text();
    return { status: answer.status, body: text.startsWith("{") ? JSON.parse(text) : {} };
  }

  /** The clip, again and again in real time, as ffmpeg publishes it; `args` choose the codecs. */
  publish(stream: string, ...args: string[]): Program {
    const codecs = args.length === 0 ? ["-c", "copy"] : args;
    const source = ["-v", "error", "-stream_loop", "-1", "-re", "-i", clip];
    return new Program(["ffmpeg", ...source, ...codecs, "-f", "flv", this.rtmpUrl(stream)]);
  }

  /** What ffprobe says of some seconds of a stream, recorded by ffmpeg. */
  async record(url: string, extension = "flv", seconds = 3): Promise<Recording> {
    const file = `${this.dir}/objs/recorded-${crypto.randomUUID()}.${extension}`;
    const dvr = ["ffmpeg", "-v", "error", "-t", String(seconds), "-i", url, "-c", "copy", "-y", file];
    for (const endMs = performance.now() + 20_000; await sizeOf(file) < 1024;) {
      if (performance.now() > endMs) throw new Error(`nothing recorded of ${url}; ${this.program.output}`);
      await run(dvr, 15_000);
    }
    const { output } = await run(
      ["ffprobe", "-v", "quiet", "-print_format", "json", "-show_format", "-show_streams", file],
      10_000,
    );
    return readProbe(output);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.program[Symbol.asyncDispose]();
    await Deno.remove(this.dir, { recursive: true });
  }

  async #isReady(): Promise<boolean> {
    try {
      await this.api("/api/v1/versions");
      return true;
    } catch {
      return false;
    }
  }
}

/** What of a recording the tests look at. */
export interface Recording {
  /** By kind. */
  readonly codecs: Readonly<Record<string, string>>;
  readonly streams: number;
  readonly probeScore: number;
  readonly seconds: number;
}

function readProbe(text: string): Recording {
  const { streams = [], format = {} } = JSON.parse(text) as {
    streams?: { codec_type: string; codec_name: string }[];
    format?: { probe_score?: number; duration?: string };
  };
  return {
    codecs: Object.fromEntries(streams.map(({ codec_type: kind, codec_name: name }) => [kind, name])),
    streams: streams.length,
    probeScore: format.probe_score ?? 0,
    seconds: Number(format.duration ?? 0),
  };
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await Deno.stat(file)).size;
  } catch {
    return 0;
  }
}
