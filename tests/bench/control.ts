/** A load program, as {@link runLoad} drives it. */
export interface Load {
  /** Settles when the load is in its steady state; what it gives is printed. */
  ready: Promise<object>;
  /** Starts a window: counters go back to zero. */
  begin(): void;
  /** Counters since `begin()`. */
  report(): object;
}

/** Options of {@link runLoad}. */
export interface LoadRun {
  /** Obey `begin` and `end` lines on standard input, one window each, until it ends. */
  control: boolean;
  /** Without control: length of a window in seconds, and how many. */
  windowSeconds: number;
  windows: number;
}

const encoder = new TextEncoder();

/** Writes one line, to standard output unless told otherwise. */
export async function printLine(text: string, output: Pick<typeof Deno.stdout, "write"> = Deno.stdout): Promise<void> {
  const bytes = encoder.encode(`${text}\n`);
  for (let at = 0; at < bytes.length;) at += await output.write(bytes.subarray(at));
}

function printEvent(event: string, fields: object): Promise<void> {
  return printLine(JSON.stringify({ event, ...fields }));
}

/** Runs a load's windows: one JSON line when it is ready, one at the end of each window. Then ends the program. */
export async function runLoad(load: Load, run: LoadRun): Promise<never> {
  if (run.control) {
    load.ready.then((fields) => printEvent("ready", fields));
    let beganAtMs = 0;
    for await (const line of lines(Deno.stdin.readable)) {
      if (line === "begin") {
        load.begin();
        beganAtMs = performance.now();
      } else if (line === "end") {
        const seconds = (performance.now() - beganAtMs) / 1000;
        await printEvent("window", { seconds, ...load.report() });
      }
    }
  } else {
    await printEvent("ready", await load.ready);
    for (let i = 0; i < run.windows; i++) {
      load.begin();
      const beganAtMs = performance.now();
      await new Promise((resolve) => setTimeout(resolve, run.windowSeconds * 1000));
      const seconds = (performance.now() - beganAtMs) / 1000;
      await printEvent("window", { seconds, ...load.report() });
    }
  }
  Deno.exit(0);
}

/** The lines of a byte stream. */
export async function* lines(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
  if (rest !== "") yield rest;
}

/** Host, port, app and stream of `rtmp://host:port/app/stream`, or the same with `http`. */
export function parseRtmpUrl(text: string): { host: string; port: number; app: string; stream: string } {
  const url = new URL(text.replace(/^rtmp:/, "http:"));
  const [, app = "", ...stream] = url.pathname.split("/");
  if (app === "" || stream.length === 0) throw new TypeError(`Not rtmp://host:port/app/stream: ${text}`);
  return { host: url.hostname, port: Number(url.port || 1935), app, stream: stream.join("/") };
}
