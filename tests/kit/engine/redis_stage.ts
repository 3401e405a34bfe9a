import { openEngine } from "../../../src/net/engine_client.ts";
import { systemWorld } from "../../../src/net/system_world.ts";
import type { DirectoryStage, StagedServer } from "../cases/directory_suite.ts";
import { until } from "../launcher.ts";
import { RedisServer } from "./redis_server.ts";
import { type StagedDirectory, stagedDirectory, type StagedOptions, streamRef } from "./valkey_stage.ts";

const NODE_TTL_MS = 900;

/** Servers' directories in a real engine, on a real clock. */
export class RedisStage implements DirectoryStage {
  readonly redis: RedisServer;
  readonly newsMs = 300;
  readonly deathMs = 1600;
  readonly #directories: StagedDirectory[] = [];

  private constructor(redis: RedisServer) {
    this.redis = redis;
  }

  static async open(args: readonly string[] = []): Promise<RedisStage> {
    return new RedisStage(await RedisServer.start(args));
  }

  /** Another server, once it is connected. */
  async add(options: Partial<StagedOptions> = {}): Promise<StagedDirectory> {
    const staged = stagedDirectory({
      world: systemWorld,
      open: openEngine,
      number: this.#directories.length + 1,
      url: this.redis.url,
      nodeTtlMs: NODE_TTL_MS,
      ...options,
    });
    this.#directories.push(staged);
    const { directory, log } = staged;
    directory.start();
    await until(() => directory.health()[0]!.isUp, 10_000, () => `a connection: ${log.lines.join("\n")}`);
    await this.run(50);
    return staged;
  }

  async server(): Promise<StagedServer> {
    const { directory, rtmp } = await this.add();
    return { directory, rtmp, kill: () => directory[Symbol.dispose]() };
  }

  stream = streamRef;

  run(ms: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, ms));
  }

  settle<T>(promise: Promise<T>): Promise<T> {
    return promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { directory } of this.#directories) directory[Symbol.dispose]();
    await this.redis[Symbol.asyncDispose]();
  }
}
