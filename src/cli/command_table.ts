import type { Command, CommandEntry } from "./command.ts";

const server = {
  permissions: "--allow-net --allow-read --allow-write --allow-env --allow-sys",
  morePermissions:
    "--allow-run lets it go to the background, and check whether the process in an old pid file still runs. " +
    "--allow-all also lets it read /proc: for the load and memory in the API's answers, to compare " +
    "max_connections with the limit of open files, and to shut down sockets that Deno cannot close by itself.",
};

/** All subcommands, in the order of the help. */
export const commandTable: Readonly<Record<string, CommandEntry>> = {
  origin: { ...server, load: async () => (await import("./serve/origin.ts")).originCommand },
  edge: { ...server, load: async () => (await import("./serve/edge.ts")).edgeCommand },
  push: {
    permissions: "--allow-net --allow-read",
    load: async () => (await import("./push/push.ts")).pushCommand,
  },
  probe: { permissions: "--allow-net --allow-env", load: async () => (await import("./probe/probe.ts")).probeCommand },
  drain: {
    permissions: "--allow-net --allow-env",
    load: async () => (await import("./drain.ts")).drainCommand,
  },
  status: {
    permissions: "--allow-net --allow-env",
    load: async () => (await import("./status/status.ts")).statusCommand,
  },
  convert: {
    permissions: "--allow-read --allow-write",
    load: async () => (await import("./convert.ts")).convertCommand,
  },
  directives: { permissions: "", load: async () => (await import("./directives.ts")).directivesCommand },
  demo: { permissions: "--allow-all", load: async () => (await import("./demo/demo.ts")).demoCommand },
  completions: {
    permissions: "",
    load: async () => (await import("./completion/completions.ts")).completionsCommand(loadCommands),
  },
};

/** Loads all commands: for help and completion. */
export function loadCommands(): Promise<Command[]> {
  return Promise.all(Object.values(commandTable).map((entry) => entry.load()));
}
