import { describeError, SrsCode, SrsError } from "../../base/errors.ts";
import type { Logger } from "../../base/log.ts";
import { type Config, formatProblem, type LoadResult } from "../../config/mod.ts";
import { type ChangeEffect, type ConfigChange, mergeConfig } from "./config_merge.ts";
import { randomId } from "../identity.ts";
import type { PreparedReload, ReloadPart } from "./reload_part.ts";
import type { Server } from "../server.ts";

/** How the latest reload went; numbers and names are those of SRS's `rpc=reload-fetch`. */
export interface ReloadReport {
  /** Error number, 0 when all went well. */
  err: number;
  msg: string;
  /** 0 none yet, 10 parsing, 20 transforming, 30 applying, 90 finished. */
  state: 0 | 10 | 20 | 30 | 90;
  /** Another one for each reload. */
  rid: string;
}

/** Options of {@link Reloader}. */
export interface ReloaderOptions {
  readonly server: Pick<Server, "config" | "applyConfig" | "rtmp" | "world">;
  /** Reads the configuration again. */
  read(): LoadResult;
  /** Parts besides the RTMP listeners. */
  readonly parts?: readonly ReloadPart[];
  /** By default the server's. */
  readonly log: Logger;
}

/** Changed directives that are listed one by one. */
const MAX_LISTED = 100;

const words: Readonly<Record<ChangeEffect, string>> = {
  applied: "applied",
  newClients: "for new clients",
  restart: "needs a restart",
  none: "has no effect here",
};

/**
 * Puts a changed configuration in force while the server runs.
 *
 * No connection is touched. What cannot change keeps its old value and is named in the log; a configuration with an
 * error changes nothing at all. Reloads are done one after the other; of those that are asked for meanwhile, one.
 */
export class Reloader {
  readonly #options: ReloaderOptions;
  #report: ReloadReport = { err: 0, msg: "", state: 0, rid: "" };
  #running: Promise<boolean> | null = null;
  #next: Promise<boolean> | null = null;
  #stopped = false;

  constructor(options: ReloaderOptions) {
    this.#options = options;
  }

  /** The latest reload. */
  get report(): Readonly<ReloadReport> {
    return this.#report;
  }

  /** Reads the configuration and applies it. Never throws. @returns Whether it is in force now. */
  reload(trigger: string): Promise<boolean> {
    if (this.#running === null) return this.#begin(trigger);
    // It reads the file when the one before is done, so it sees what all who ask until then want it to see.
    return this.#next ??= this.#running.then(() => {
      this.#next = null;
      return this.#begin(trigger);
    });
  }

  /** Waits for a reload that is on its way; later ones do nothing: the server is about to end. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  #begin(trigger: string): Promise<boolean> {
    if (this.#stopped) return Promise.resolve(false);
    this.#running = this.#work(trigger).finally(() => this.#running = null);
    return this.#running;
  }

  async #work(trigger: string): Promise<boolean> {
    const { log, read } = this.#options;
    this.#report = { err: 0, msg: "", state: 10, rid: randomId(this.#options.server.world, 7) };
    log.info(`reload ${this.#report.rid} by ${trigger}`);
    try {
      const { config, problems } = read();
      for (const problem of problems) {
        if (problem.severity === "warning") log.warn(formatProblem(problem));
        else log.error(formatProblem(problem));
      }
      const error = problems.find(({ severity }) => severity === "error");
      if (error !== undefined) throw new SrsError(error.codeName, formatProblem(error));
      await this.#apply(config);
      this.#finish(0, "Success");
      log.info(`reload ${this.#report.rid}: done`);
      return true;
    } catch (error) {
      this.#finish(error instanceof SrsError ? error.code : SrsCode.ConfigInvalid, describeError(error));
      log.error(`reload ${this.#report.rid} failed, the old configuration stays in force: ${describeError(error)}`);
      return false;
    }
  }

  async #apply(wanted: Config): Promise<void> {
    const { server, parts = [] } = this.#options;
    this.#report.state = 20;
    const { config, changes } = mergeConfig(server.config, wanted);
    const prepared = await prepareAll([...parts, server.rtmp.listeners, ...server.rtmp.secure.reloadParts], config);
    this.#report.state = 30;
    for (const part of prepared) part.commit();
    server.applyConfig(config);
    this.#tell(changes);
  }

  #tell(changes: readonly ConfigChange[]): void {
    const { log } = this.#options;
    if (changes.length === 0) log.info("reload: nothing has changed");
    for (const { directive, effect } of changes.slice(0, MAX_LISTED)) {
      const line = `reload: ${words[effect]}: ${directive}`;
      if (effect === "restart") log.warn(line);
      else log.info(line);
    }
    if (changes.length > MAX_LISTED) log.info(`reload: and ${changes.length - MAX_LISTED} more`);
  }

  #finish(err: number, msg: string): void {
    this.#report = { ...this.#report, err, msg, state: 90 };
  }
}

/** Prepares all parts, or none. */
async function prepareAll(parts: readonly ReloadPart[], config: Config): Promise<PreparedReload[]> {
  const prepared: PreparedReload[] = [];
  try {
    for (const part of parts) prepared.push(await part.prepare(config));
    return prepared;
  } catch (error) {
    for (const part of prepared.toReversed()) part.abandon();
    throw error;
  }
}
