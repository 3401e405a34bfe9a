import type { Command } from "../command.ts";
import { serveDescription, serveOptions, serveSections } from "./options.ts";

/** `srs-ts edge`: a server that pulls what its players want. */
export const edgeCommand: Command = {
  name: "edge",
  summary: "Run an edge: pull streams from the origins when somebody plays them.",
  usage: "edge [-c FILE | -e] [-t] [--log-format FORMAT]",
  description: `
Runs an edge server from an SRS configuration file: vhosts with "mode remote" and "origin". The edge pulls a stream once
for all its players, from whichever origin has it, and switches to another origin when that one fails. It refuses a file
without such a vhost: run that with "srs-ts origin". A file with both kinds of vhost runs here.
${serveDescription}`,
  options: serveOptions,
  sections: serveSections,
  examples: [
    { line: "edge -c conf/origin.cluster.edge.conf", does: "Starts the edge of the cluster." },
    { line: "edge -t -c conf/origin.cluster.edge.conf", does: "Only checks its file." },
  ],
  run: async (args, io) => (await import("./serve.ts")).serve("edge", args, io),
};
