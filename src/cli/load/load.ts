import { describeFileError } from "../../base/file_error.ts";
import { parseRtmpAddress } from "../../rtmp/url.ts";
import { systemTimers } from "../../base/clock.ts";
import type { CliIo, Command, CommandArgs } from "../command.ts";
import { numberValue, UsageError } from "../parse_args.ts";
import { pause } from "../pause.ts";
import { parseStreamTarget } from "../stream_target.ts";
import { PlayerFleet } from "./player_fleet.ts";
import { PublisherFleet } from "./publisher_fleet.ts";
import { LoadRecord, playLine, publishLine } from "./load_record.ts";

const DEFAULTS = { players: 100, streams: 1, ramp: 3, kbps: 2500 };
const WINDOW_MS = 1000;
const BUFFER_BYTES = 65_536;
const Exit = { Ok: 0, Failed: 1, Unreachable: 3 } as const;

/** `srs-ts load`: many players or publishers, measured. */
export const loadCommand: Command = {
  name: "load",
  summary: "Play or publish a stream many times, and measure what arrives.",
  usage: "load play|publish [--players N] [--streams N] [--seconds S] [--max-gap MS] [--json] URL",
  description: `
"load play" plays a stream with many connections, over RTMP or HTTP-FLV (http://HOST:PORT/APP/STREAM). The first player
comes alone, the others follow over the ramp. A line every second tells how many play, what arrives, how long the first
frame took, how far players were behind the freshest one of their stream (lag), the longest time without a byte (gap), and
frames that are missing (drops). Drops and the time from publisher to player (latency) need media of "load publish", which
carry numbers and times.

"load publish" publishes made-up media, H.264 and AAC in shape, or an FLV file, as one or many streams: NAME for one,
NAME0, NAME1 and so on for more.

It reads media without decoding it: one core plays some thousand streams. If the load itself was late by more than 100 ms,
the line says so: what it measured then is its own fault. Do not run it on the machine that you measure, or give it cores
of its own.`,
  options: [
    { name: "players", value: "N", help: `play: how many connections (default ${DEFAULTS.players}).` },
    { name: "streams", value: "N", help: `How many streams, NAME0, NAME1 ... (default ${DEFAULTS.streams}: NAME).` },
    { name: "ramp", value: "SECONDS", help: `play: from the first player to the last (default ${DEFAULTS.ramp}).` },
    { name: "kbps", value: "N", help: `publish: rate of each stream in kbit/s (default ${DEFAULTS.kbps}).` },
    { name: "input", short: "i", value: "FILE", help: "publish: an FLV file, in a loop, in place of made-up media." },
    { name: "seconds", value: "S", help: "How long to measure, once all have started (default: until Ctrl-C)." },
    { name: "max-gap", value: "MS", help: "play: fail if any player was without a byte for longer." },
    { name: "json", help: "Print each line as a JSON object." },
  ],
  words: ["play", "publish"],
  sections: [{
    title: "EXIT STATUS",
    rows: [
      [
        "0",
        "Every player had a frame, none was lost, no gap was longer than --max-gap; or every stream was published.",
      ],
      ["1", "A player had no frame or was lost, a gap was too long, or a stream was refused or ended."],
      ["2", "The command line is wrong."],
      ["3", "No server was reached."],
    ],
  }],
  examples: [
    { line: "load publish rtmp://127.0.0.1:19350/live/bench", does: "Publishes one stream of 2500 kbit/s." },
    { line: "load play --players 500 rtmp://127.0.0.1/live/bench", does: "Plays it 500 times from the edge." },
    {
      line: "load play --players 50 --seconds 60 --max-gap 1000 --json http://127.0.0.1:9092/live/bench",
      does: "Fails if a viewer of HTTP-FLV has nothing for longer than a second: a test for a rolling upgrade.",
    },
  ],
  run: load,
};

async function load(args: CommandArgs, io: CliIo): Promise<number> {
  const [kind, url, ...more] = args.positional;
  if (kind !== "play" && kind !== "publish") throw new UsageError('say "load play URL" or "load publish URL"');
  if (url === undefined || more.length > 0) throw new UsageError(`load ${kind} needs one address`);
  return kind === "play" ? await play(url, args, io) : await publish(url, args, io);
}

async function play(url: string, args: CommandArgs, io: CliIo): Promise<number> {
  const maxGapMs = numberValue(args, "max-gap", { min: 1, max: 3_600_000 }) ?? Infinity;
  const isJson = args.flag("json");
  const fleet = new PlayerFleet({
    ...readAddress(url, true),
    players: numberValue(args, "players", { min: 1, max: 100_000, integer: true }) ?? DEFAULTS.players,
    streams: streamsOf(args),
    rampMs: (numberValue(args, "ramp", { min: 0, max: 3600 }) ?? DEFAULTS.ramp) * 1000,
    bufferBytes: BUFFER_BYTES,
  });
  const record = new LoadRecord();
  let hasStarted = false;
  fleet.begin();
  const started = fleet.start().then(() => hasStarted = true);
  let line = 0;
  await everySecond(args, io, () => hasStarted, () => {
    const window = fleet.report();
    record.add(window, hasStarted);
    fleet.begin();
    io.out(isJson ? `${JSON.stringify({ event: "second", ...window })}\n` : playLine(window, line++));
  });
  const end = fleet.summary();
  fleet.stop();
  await started;
  const verdict = record.judge(end, maxGapMs);
  io.out(
    isJson ? `${JSON.stringify({ event: "end", ...end, ...record.totals(), faults: verdict.faults })}\n` : verdict.text,
  );
  if (verdict.faults.length === 0) return Exit.Ok;
  return end.firstFrameMs.max === null && !record.wasConnected ? Exit.Unreachable : Exit.Failed;
}

async function publish(url: string, args: CommandArgs, io: CliIo): Promise<number> {
  const isJson = args.flag("json");
  const path = args.value("input");
  const fleet = new PublisherFleet({
    ...readAddress(url, false),
    streams: streamsOf(args),
    kbps: numberValue(args, "kbps", { min: 16, max: 1_000_000 }) ?? DEFAULTS.kbps,
    file: path === undefined ? null : await readFile(path),
    portionMs: 0,
  });
  try {
    const { publishers } = await fleet.start();
    if (!isJson) io.out(`${publishers} ${publishers === 1 ? "stream is" : "streams are"} published\n`);
  } catch (error) {
    fleet.stop();
    io.err(`srs-ts load: ${describeFileError(error)}\n`);
    return /refused:|closed/.test(describeFileError(error)) ? Exit.Failed : Exit.Unreachable;
  }
  fleet.begin();
  let line = 0;
  let alive = fleet.report().alive;
  await everySecond(args, io, () => true, () => {
    const window = fleet.report();
    alive = window.alive;
    fleet.begin();
    io.out(isJson ? `${JSON.stringify({ event: "second", ...window })}\n` : publishLine(window, line++));
  });
  const { publishers } = fleet.report();
  fleet.stop();
  if (alive === publishers) return Exit.Ok;
  io.err(`srs-ts load: ${publishers - alive} of ${publishers} streams were ended by the server\n`);
  return Exit.Failed;
}

/** Calls once a second, until Ctrl-C or so many seconds after the start. */
async function everySecond(args: CommandArgs, io: CliIo, hasStarted: () => boolean, call: () => void): Promise<void> {
  const seconds = numberValue(args, "seconds", { min: 1, max: 604_800 }) ?? Infinity;
  let left = seconds;
  for (let dueMs = systemTimers.nowMs() + WINDOW_MS; left > 0; dueMs += WINDOW_MS) {
    await pause(systemTimers, Math.max(0, dueMs - systemTimers.nowMs()), io.stop);
    if (io.stop.aborted) return;
    // What the start takes is no part of the measurement.
    if (hasStarted()) left--;
    call();
  }
}

function streamsOf(args: CommandArgs): number {
  return numberValue(args, "streams", { min: 1, max: 10_000, integer: true }) ?? DEFAULTS.streams;
}

async function readFile(path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const bytes = await Deno.readFile(path);
    if (new TextDecoder().decode(bytes.subarray(0, 3)) === "FLV") return bytes;
  } catch (error) {
    throw new UsageError(`cannot read ${path}: ${describeFileError(error)}`);
  }
  throw new UsageError(`${path} is no FLV file`);
}

/** @throws {UsageError} If it is no address, or one that the load cannot speak to. */
function readAddress(url: string, takesHttp: boolean) {
  if (takesHttp && /^http:\/\//i.test(url)) {
    const cut = parseRtmpAddress(url.replace(/^http:/i, "rtmp:"));
    const [app = "", ...stream] = (cut?.path ?? "").replace(/\.flv$/, "").split("/");
    if (cut !== null && app !== "" && stream.length > 0) {
      const port = URL.canParse(url) ? Number(new URL(url).port || 80) : 80;
      return { protocol: "http", host: cut.host, port, app, stream: stream.join("/") } as const;
    }
    throw new UsageError(`"${url}" is not http://host[:port]/app/stream`);
  }
  if (/^(rtmps|https):/i.test(url)) throw new UsageError("the load speaks rtmp:// and http:// only, without TLS");
  try {
    const { host, port, app, name } = parseStreamTarget(url);
    return { protocol: "rtmp", host, port, app, stream: name } as const;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
