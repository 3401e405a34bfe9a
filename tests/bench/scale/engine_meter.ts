import type { EngineLink, EngineReply } from "../../../src/base/engine.ts";
import type { RedisServer } from "../../kit/engine/redis_server.ts";

/** How an engine is. */
export interface EngineSample {
  readonly memoryBytes: number;
  readonly keys: number;
}

/** Looks into a Redis, over one connection as long as that lives, from a process that has nothing else to do. */
export class EngineMeter implements Disposable {
  readonly #redis: RedisServer;
  #link: Promise<EngineLink> | null = null;

  constructor(redis: RedisServer) {
    this.#redis = redis;
  }

  async sample(): Promise<EngineSample> {
    const text = String(await this.call("INFO", "everything"));
    return {
      memoryBytes: Number(/^used_memory:(\d+)/m.exec(text)?.[1] ?? 0),
      keys: Number(/^db0:keys=(\d+)/m.exec(text)?.[1] ?? 0),
    };
  }

  /** Puts a command; once more if the connection was that to an engine that has died since. */
  async call(...command: string[]): Promise<EngineReply> {
    return await this.#put(command).catch(() => this.#put(command));
  }

  [Symbol.dispose](): void {
    this.#link?.then((link) => link[Symbol.dispose](), () => {});
  }

  async #put(command: readonly string[]): Promise<EngineReply> {
    const opening = this.#link ??= this.#redis.open();
    try {
      return await (await opening).call(command);
    } catch (error) {
      if (this.#link === opening) this.#link = null;
      opening.then((link) => link[Symbol.dispose](), () => {});
      throw error;
    }
  }
}
