import type { Command } from "../command.ts";
import { numberValue, UsageError } from "../parse_args.ts";

/** A day. */
const MAX_SECONDS = 86_400;
/** The highest port of the three files is 19351. */
const MAX_PORT_OFFSET = 65_535 - 19_351;

/** `srs-ts demo`: the whole cluster on one machine. */
export const demoCommand: Command = {
  name: "demo",
  summary: "Run two origins and an edge on this machine, with a stream, and show how they work together.",
  usage: "demo [--for SECONDS] [--port-offset N] [--verbose]",
  description: `
Starts origin A, origin B and the edge as processes of their own, each from its file in conf/. Publishes a sample clip to
origin A and plays it twice: through the edge, which finds the origin that has it, and from origin B, which redirects to
A. A table shows who owns the stream, what the edge pulls, who plays and how much arrives, until Ctrl-C ends everything.

It uses the ports of the three files: RTMP 1935, 19350 and 19351, HTTP API 9090 and 9091. Pid files and logs are kept in a
temporary directory that is removed at the end.`,
  options: [
    { name: "for", value: "SECONDS", help: "End by itself after that time, and judge what arrived." },
    { name: "port-offset", value: "N", help: "Add N to every port, where the usual ones are taken." },
    { name: "verbose", help: "Show every log line, not only warnings and errors." },
  ],
  sections: [{
    title: "EXIT STATUS",
    rows: [
      ["0", "Ctrl-C ended it; with --for, frames arrived through the edge and through the redirect of origin B."],
      ["1", "A port is in use, a process failed, or with --for no frames arrived one of the ways."],
      ["2", "The command line makes no sense."],
    ],
  }],
  examples: [
    { line: "demo", does: "Shows the cluster until Ctrl-C." },
    { line: "demo --for 20", does: "A test of this machine: says after 20 seconds whether it works." },
    { line: "demo --port-offset 1000", does: "Uses ports 2935, 20350, 20351, 10090 and 10091." },
  ],
  run: async (args, io) => {
    const [unexpected] = args.positional;
    if (unexpected !== undefined) throw new UsageError(`unexpected argument "${unexpected}"`);
    const seconds = numberValue(args, "for", { min: 1, max: MAX_SECONDS });
    const options = {
      ...(seconds === undefined ? {} : { forMs: seconds * 1000 }),
      portOffset: numberValue(args, "port-offset", { min: 0, max: MAX_PORT_OFFSET, integer: true }) ?? 0,
      isVerbose: args.flag("verbose"),
    };
    return await (await import("./run.ts")).runDemo(options, io);
  },
};
