import type { Command } from "./command.ts";

/** A subcommand, loaded when it is asked for, and the flags of `deno run` that it needs. */
export interface CommandEntry {
  readonly permissions: string;
  load(): Promise<Command>;
}

const serverPermissions = "--allow-net --allow-read --allow-write --allow-env --allow-sys";

/** All subcommands, in the order of the help. */
export const commandTable: Readonly<Record<string, CommandEntry>> = {
  origin: { permissions: serverPermissions, load: async () => (await import("./origin.ts")).originCommand },
  edge: { permissions: serverPermissions, load: async () => (await import("./edge.ts")).edgeCommand },
  push: {
    permissions: "--allow-net --allow-read",
    load: async () => (await import("./push.ts")).pushCommand,
  },
  probe: { permissions: "--allow-net", load: async () => (await import("./probe.ts")).probeCommand },
  convert: {
    permissions: "--allow-read --allow-write",
    load: async () => (await import("./convert.ts")).convertCommand,
  },
  directives: { permissions: "", load: async () => (await import("./directives.ts")).directivesCommand },
  demo: { permissions: "--allow-all", load: async () => (await import("./demo.ts")).demoCommand },
  completions: {
    permissions: "",
    load: async () => (await import("./completions.ts")).completionsCommand(loadCommands),
  },
};

/** Loads all commands: for help and completion. */
export function loadCommands(): Promise<Command[]> {
  return Promise.all(Object.values(commandTable).map((entry) => entry.load()));
}
