import type { Command } from "./command.ts";
export const demoCommand: Command = { name: "demo", summary: "x", usage: "demo", description: "x", options: [], examples: [], run: () => Promise.resolve(0) };
