import { systemTimers } from "../../base/clock.ts";
import type { CliIo, Command, CommandArgs } from "../command.ts";
import { readUser, userOption } from "../api_address.ts";
import { numberValue, UsageError } from "../parse_args.ts";
import { type ProbeEvents, runProbe } from "./run.ts";
import { apiLine, resultLines, stepLine } from "./text.ts";
import { readStreamArgument } from "../stream_target.ts";
import { watchPrinter, watchStream } from "./watch.ts";
import { readTlsOptions, tlsOptions } from "../tls_options.ts";

const DEFAULT_TIMEOUT_MS = 12_000;
const DEFAULT_SECONDS = 5;

/** `srs-ts probe`: finds out who has a stream and what is in it. */
export const probeCommand: Command = {
  name: "probe",
  summary: "Find out who has a stream, how fast it arrives, and what is in it.",
  usage:
    "probe [--json] [--timeout MS] [--seconds N] [--watch] [--api HOST:PORT,...] [--user NAME[:PASSWORD]] [--ca FILE | --insecure] URL",
  description: `
Plays a stream and reports every step: the time for the TCP connection, TLS, handshake and connect; which server
answered; every redirect; how long the server kept us waiting; which server has the stream; its codecs, resolution,
frame rate, bitrate and GOP length; and the time to the first media and the first keyframe. With --api, it asks the HTTP
APIs of the servers first, and prints one line for each; so it can follow an edge to the origin that it pulls from. An
API that asks for a password gets that of --user.

With --watch, it goes on playing until Ctrl-C, and prints a line every second: frames, rate, and the longest time without
a frame. When the stream ends it comes back as players do, and tells the gap.

With --json, it prints one object: url, found, status, owner, chain, servers (server, ip, tcpMs, tlsMs, handshakeMs, connectMs,
createStreamMs, answerMs, identity, result, redirect, failedStep, error), firstMediaMs, firstKeyframeMs, measuredMs,
video (codec, profile, level, width, height, frameRate, headerFrameRate, metadataFrameRate, kbps, gopMs, gopFrames,
frames), audio (codec, profile, sampleRate, channels, kbps, frames), metadata, error (server, step, message, hint),
api (api, latencyMs, owner, pulledFrom, epoch, pid, error). Unknown values are null. With --watch as well, it prints an
object for each line: event (second, gap, lost, end), elapsedMs, server, frames, kbps, longestGapMs, text.`,
  options: [
    { name: "json", help: "Print one JSON object and nothing else." },
    {
      name: "timeout",
      value: "MS",
      help: `How long to wait for the first media, redirects included (default ${DEFAULT_TIMEOUT_MS}).`,
    },
    { name: "seconds", value: "N", help: `How long to measure the stream (default ${DEFAULT_SECONDS}).` },
    {
      name: "api",
      value: "HOST:PORT",
      repeats: true,
      help: "HTTP APIs of origins and edges to ask who has the stream (/api/v1/clusters, /api/v1/edges).",
    },
    userOption,
    { name: "watch", help: "Go on until Ctrl-C, a line every second." },
    ...tlsOptions,
  ],
  sections: [{
    title: "EXIT STATUS",
    rows: [
      ["0", "The stream was found; with --watch, it arrived at some time."],
      ["1", "The stream was not found."],
      ["2", "The command line is wrong."],
      ["3", "No RTMP server answered."],
    ],
  }],
  examples: [
    { line: "probe rtmp://127.0.0.1:19351/live/livestream", does: "Asks origin B, which redirects to the owner." },
    {
      line: "probe --api 127.0.0.1:9090,127.0.0.1:9091 rtmp://127.0.0.1/live/livestream",
      does: "Plays the edge, and asks both origins what they know.",
    },
    { line: "probe --watch rtmp://127.0.0.1/live/livestream", does: "Watches the gaps while you restart servers." },
    { line: "probe --json --seconds 1 rtmp://127.0.0.1/live/livestream", does: "Prints JSON, for scripts." },
  ],
  run: probe,
};

async function probe(args: CommandArgs, io: CliIo): Promise<number> {
  const target = readStreamArgument(args);
  const timeoutMs = numberValue(args, "timeout", { min: 1, max: 600_000 }) ?? DEFAULT_TIMEOUT_MS;
  const seconds = numberValue(args, "seconds", { min: 0.1, max: 3600 }) ?? DEFAULT_SECONDS;
  const isJson = args.flag("json");
  const common = { target, tls: readTlsOptions(args), timeoutMs, timers: systemTimers, stop: io.stop };
  if (args.flag("watch")) return await watchStream({ ...common, show: watchPrinter(io, isJson) });
  if (!isJson) io.out(`${target.url}\n`);
  const report = await runProbe({
    ...common,
    measureMs: seconds * 1000,
    apis: readApis(args),
    credentials: readUser(args, (name) => Deno.env.get(name) ?? ""),
    fetch,
    events: isJson ? silent : talkative(io),
  });
  io.out(isJson ? `${JSON.stringify(report)}\n` : resultLines(report));
  return report.status;
}

function readApis(args: CommandArgs): string[] {
  const apis = args.values("api").flatMap((value) => value.split(",")).map((api) => api.trim());
  for (const api of apis) {
    const port = /^(?:[\w.-]+|\[[\da-f:.]+\]):(\d{1,5})$/i.exec(api)?.[1];
    if (port === undefined || Number(port) === 0 || Number(port) > 65_535) {
      throw new UsageError(`--api must be HOST:PORT, not "${api}"`);
    }
  }
  return apis;
}

function talkative(io: CliIo): ProbeEvents {
  return {
    onApi: (report) => io.out(apiLine(report)),
    onServer: (server) => io.out(`${server}\n`),
    onStep: (step, report) => io.out(stepLine(step, report)),
  };
}

const silent: ProbeEvents = { onApi() {}, onServer() {}, onStep() {} };
