import { programCommand } from "../launcher.ts";

/** A server program whose cluster is tested. */
export interface Subject {
  name: string;
  /** Faults must stay within the bounds that this project sets itself; others are only measured. */
  isOurs: boolean;
  command(role: "origin" | "edge", confPath: string): [string, ...string[]];
}

const ours: Subject = { name: "srs-ts", isOurs: true, command: (role, path) => programCommand(role, "-c", path) };

/** This project's program and, where `SRS_BIN` names it, SRS, and origins of SRS behind an edge of ours. */
export function subjects(): Subject[] {
  const binary = Deno.env.get("SRS_BIN");
  if (binary === undefined) return [ours];
  const srs: Subject = { name: "srs", isOurs: false, command: (_role, path) => [binary, "-c", path] };
  const command: Subject["command"] = (role, path) => (role === "edge" ? ours : srs).command(role, path);
  return [ours, srs, { name: "srs behind srs-ts", isOurs: false, command }];
}

/** What is known of SRS 7 where it is not at hand to be measured, with the same files and players. */
export const KNOWN_OF_SRS =
  "SRS 7, measured elsewhere: gap of 3.2 s when the publisher's origin is killed and he goes " +
  "to the other, 8.1 s when he only moves, 0.6 s to the first frame through edge and redirect. Set SRS_BIN to measure it.";
