import { systemTimers } from "../../base/clock.ts";
import type { CliIo, Command, CommandArgs } from "../command.ts";
import { watchParent } from "../serve/parent_watch.ts";
import { UsageError } from "../parse_args.ts";
import { fileAt } from "./file.ts";
import { PushRun } from "./run.ts";
import { loadTracer } from "../serve/telemetry.ts";
import { sampleFile } from "../sample.ts";
import { readStreamArgument } from "../stream_target.ts";
import { readTlsOptions, tlsOptions } from "../tls_options.ts";

/** `srs-ts push`: publishes a file as if it were live. */
export const pushCommand: Command = {
  name: "push",
  summary: "Publish an FLV or MP4 file, or a sample clip, as a live stream.",
  usage: "push [-i FILE] [--no-loop] [--no-reconnect] [--json] [--ca FILE | --insecure] URL",
  description: `
Publishes an FLV or fragmented MP4 file at the pace of its timestamps, in a loop with continuous timestamps, until Ctrl-C. Without -i, it
publishes a sample clip. It follows redirects (RTMP 302 and reconnect requests). When the connection fails, or somebody
else publishes the stream, it tries again with growing pauses. When the network is too slow, it drops frames up to the
next keyframe.

Progress goes to standard error. With --json, standard output gets one object per line instead: "event" is "note",
"progress" or "end"; the other members are elapsedMs, server, reconnects, kbps, fps, bytes, videoFrames, audioFrames,
droppedFrames, mediaMs, text and status.`,
  options: [
    {
      name: "input",
      short: "i",
      value: "FILE",
      help: "FLV or fragmented MP4 file to publish (default: the sample clip).",
    },
    { name: "loop", help: "Start again at the end of the file (default)." },
    { name: "no-loop", help: "Stop at the end of the file." },
    { name: "no-reconnect", help: "Exit when the connection fails or ends." },
    { name: "asprocess", help: "Exit when the parent process exits." },
    { name: "json", help: "Report progress as JSON lines on standard output." },
    ...tlsOptions,
  ],
  sections: [{
    title: "EXIT STATUS",
    rows: [
      ["0", "The file was sent to its end, or Ctrl-C or SIGTERM ended the push."],
      [
        "1",
        "The file cannot be read, the server refuses the stream, or, with --no-reconnect, the connection was lost.",
      ],
      ["2", "The command line is wrong."],
      ["3", "No server was reached until Ctrl-C, or, with --no-reconnect, at the first try."],
      ["4", "The file is cut off in its midst: what is complete of it was sent."],
    ],
  }],
  examples: [
    { line: "push rtmp://127.0.0.1:19350/live/livestream", does: "Publishes the sample clip to origin A." },
    { line: "push -i source.flv rtmp://127.0.0.1:19350/live/livestream", does: "Publishes a file in a loop." },
    {
      line: 'push -i source.flv --no-loop --no-reconnect "rtmp://10.0.0.1/live/cam1?token=abc"',
      does: "Publishes it once, and fails if anything goes wrong.",
    },
    {
      line: "push --ca authority.crt rtmps://10.0.0.1:1443/live/livestream",
      does: "Publishes over TLS to a server whose certificate your own authority has signed.",
    },
  ],
  run: runPush,
};

async function runPush(args: CommandArgs, io: CliIo): Promise<number> {
  if (args.flag("loop") && args.flag("no-loop")) throw new UsageError("--loop and --no-loop exclude each other");
  const path = args.value("input");
  const target = readStreamArgument(args);
  const parentEnded = new AbortController();
  using _watch = args.flag("asprocess") ? watchParent(() => parentEnded.abort()) : null;
  return await new PushRun({
    target,
    tls: readTlsOptions(args),
    file: path === undefined ? sampleFile() : fileAt(path),
    loop: !args.flag("no-loop"),
    reconnect: !args.flag("no-reconnect"),
    json: args.flag("json"),
    io,
    stop: AbortSignal.any([io.stop, parentEnded.signal]),
    timers: systemTimers,
    tracer: await loadTracer({ warn: (text) => io.err(`${text}\n`) }),
  }).run();
}
