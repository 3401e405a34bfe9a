import type { OpenEngine } from "../../../src/base/engine.ts";
import type { StreamRef } from "../../../src/cluster/directory.ts";
import { ValkeyDirectory } from "../../../src/cluster/valkey/valkey_directory.ts";
import { type EngineUrl, loadConfig, requireConfig, VhostHandle } from "../../../src/config/mod.ts";
import { parseEngineUrl } from "../../../src/config/values/engine_url.ts";
import type { World } from "../../../src/base/world.ts";
import { TestLog } from "../test_log.ts";

/** The URL of an engine, which must be one. */
export function engineAt(text: string): EngineUrl {
  const url = parseEngineUrl(text);
  if (typeof url === "string") throw new TypeError(url);
  return url;
}

const config = requireConfig(loadConfig({ path: "stage.conf", text: "listen 1935; vhost __defaultVhost__ {}" }));
const vhost = new VhostHandle({ config }, config.vhosts[0]!);

/** A stream of the default vhost. */
export function streamRef(name: string): StreamRef {
  return { vhost, url: { key: `/live/${name}`, app: "live", stream: name, host: "127.0.0.1" } };
}

/** Options of {@link stagedDirectory}. */
export interface StagedOptions {
  readonly world: Omit<ConstructorParameters<typeof ValkeyDirectory>[0]["world"], "openEngine">;
  readonly open: OpenEngine;
  /** Counts the servers of a stage: 1 is at 10.0.0.1. */
  readonly number: number;
  readonly url: string;
  readonly peers?: readonly string[];
  readonly nodeTtlMs: number;
  /** Stays the same over restarts, by default. */
  readonly name?: string;
  /** Id of this start of it. */
  readonly boot?: string;
  readonly region?: string;
  readonly caCerts?: readonly string[];
}

/** A directory as a server has one, and what it logs. */
export interface StagedDirectory {
  readonly directory: ValkeyDirectory;
  readonly log: TestLog;
  readonly rtmp: string;
  readonly facts: { isDraining: boolean };
}

/** A server's directory in an engine; it is not started yet. */
export function stagedDirectory(options: StagedOptions): StagedDirectory {
  const { world, open, number, url, peers = [], nodeTtlMs, region = "", caCerts = [] } = options;
  const { name = `node${number}`, boot = `boot${number}` } = options;
  const log = new TestLog();
  const ip = `10.0.${number >> 8}.${number & 255}`;
  const facts = { isDraining: false };
  const directory = new ValkeyDirectory({
    world: { ...worldOf(world), openEngine: open },
    log,
    config: { url: engineAt(url), peers: peers.map(engineAt), keyPrefix: "srs:", nodeTtlMs, region },
    caCerts: () => caCerts,
    name,
    instance: boot,
    facts: () => ({
      rtmp: { ip, port: 1935 },
      http: `${ip}:8080`,
      https: "",
      api: `${ip}:1985`,
      role: "origin",
      software: "srs-ts/test",
      startedMs: 1,
      isDraining: facts.isDraining,
      load: { streams: number, viewers: 2, recvKbps: 3, sendKbps: 4, cpuPercent: 5, memoryBytes: 6 },
    }),
  });
  return { directory, log, rtmp: `${ip}:1935`, facts };
}

/** What a directory takes of a world; methods of a class keep their object. */
function worldOf(world: StagedOptions["world"]): Pick<World, "random" | "nowMs" | "wallMs" | "after"> {
  return {
    random: () => world.random(),
    nowMs: () => world.nowMs(),
    wallMs: () => world.wallMs(),
    after: (delayMs, fn) => world.after(delayMs, fn),
  };
}
