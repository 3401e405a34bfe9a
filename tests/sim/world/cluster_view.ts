import type { Timers } from "../../../src/base/clock.ts";
import type { Socket } from "../../../src/base/socket.ts";
import type { World } from "../../../src/base/world.ts";
import type { DialWorld } from "../../../src/net/tls/dial.ts";

/** What all servers listen at. */
export interface ServerPorts {
  readonly rtmp: number;
  readonly api: number;
  /** Streams over HTTP. */
  readonly http: number;
}

/** A server, as those know it who call it. */
export interface ServerView {
  readonly name: string;
  readonly ip: string;
  /** `host:port` of RTMP. */
  readonly rtmp: string;
}

/** One of ours: an operator changes its configuration. */
export interface OwnServerView extends ServerView {
  readonly isEdge: boolean;
  /** How often its process was started. */
  readonly starts: number;
  /** Its configuration. */
  readonly text: string;
  /** Puts a configuration into force while it runs. */
  reload(text: string): Promise<void>;
}

/** Where an encoder or a viewer is. */
export interface ClientMachine extends DialWorld, Pick<World, "randomBytes" | "random" | "fetch" | "nowMs" | "after"> {
  /** Connections that were made from here; the last one at least. */
  readonly dialled: readonly Socket[];
}

/** A cluster, simulated or of real processes, as encoders, viewers, operators and checks have to do with it. */
export interface ClusterView {
  readonly nowMs: number;
  /** Those of whoever runs the day. */
  readonly timers: Timers;
  readonly ports: ServerPorts;
  /** By name, origins first. */
  readonly servers: ReadonlyMap<string, OwnServerView>;
  /** Those that are coworkers, by name. */
  readonly srs: ReadonlyMap<string, ServerView>;
  /** Until then some server has, or had, no GOP cache: players may begin with any frame there, and what plays from there too. */
  withoutGopCacheMs: number;
  /** The machine that operators call from. */
  readonly operator: ClientMachine;
  readonly log: { add(who: string, text: string): void };
  /** Those that have joined, running or not. */
  origins(): OwnServerView[];
  /** The machine of an encoder or a viewer. @param bytesPerMs What its line takes; 0 for no limit. */
  machine(name: string, bytesPerMs?: number): ClientMachine;
  /** Whether the start of a server, by its id, is one of an edge that pulls something now. */
  isFed(serviceId: string): boolean;
}
