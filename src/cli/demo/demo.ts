import type { Command } from "../command.ts";
import { numberValue, UsageError } from "../parse_args.ts";

/** A day. */
const MAX_SECONDS = 86_400;
/** The highest port of the three files is 19351. */
const MAX_PORT_OFFSET = 65_535 - 19_351;

/** `srs-ts demo`: the whole cluster on one machine. */
export const demoCommand: Command = {
  name: "demo",
  summary: "Run two origins, an edge and a stream on this machine, and show how they work together.",
  usage: "demo [--for SECONDS] [--port-offset N] [--verbose]",
  description: `
Starts origin A, origin B and the edge, each as a process of its own and with its file from conf/. Publishes a sample clip
to origin A, and plays it twice: from the edge, which finds the origin that has it, and from origin B, which redirects to
origin A. A table shows who owns the stream, what the edge pulls, who plays and how much arrives. The keys k and d kill or drain
the origin that has the stream, and r starts it again; the gap that viewers saw is printed at once. Ctrl-C ends
everything.

The demo uses the ports in those files: RTMP 1935, 19350 and 19351, HTTP 9090, 9091 and 9092. Pid files and logs are in a
temporary directory, which is removed at the end.`,
  options: [
    { name: "for", value: "SECONDS", help: "Stop after this time, and report whether the cluster works." },
    { name: "port-offset", value: "N", help: "Add N to every port, if the usual ones are in use." },
    { name: "verbose", help: "Show every log line, not only warnings and errors." },
  ],
  sections: [{
    title: "EXIT STATUS",
    rows: [
      ["0", "Ctrl-C ended the demo; with --for, frames arrived from the edge and through the redirect of origin B."],
      ["1", "A port is in use, a process failed, or, with --for, frames did not arrive both ways."],
      ["2", "The command line is wrong."],
    ],
  }],
  examples: [
    { line: "demo", does: "Shows the cluster until Ctrl-C." },
    { line: "demo --for 20", does: "Tests this machine: reports after 20 seconds whether the cluster works." },
    { line: "demo --port-offset 1000", does: "Uses ports 2935, 20350, 20351, 10090, 10091 and 10092." },
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
