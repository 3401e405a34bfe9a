import type { Logger } from "../../base/log.ts";
import { describeFileError } from "../../base/file_error.ts";

/** Changes that follow each other are one; SRS reloads once in 3 s at most, too. */
const SETTLE_MS = 300;
const LEAST_MS = 3000;

/**
 * Calls `onChange` when a configuration file is written or replaced (`inotify_auto_reload`), until disposed.
 *
 * Its directory is watched, as in SRS: editors put a new file in the place of the old one, and Kubernetes changes the
 * link `..data` beside a file of a ConfigMap.
 */
export class ConfigWatch implements Disposable {
  readonly #onChange: () => void;
  readonly #watcher: Deno.FsWatcher;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #calledMs = -Infinity;

  private constructor(watcher: Deno.FsWatcher, onChange: () => void) {
    this.#watcher = watcher;
    this.#onChange = onChange;
  }

  /** Begins to watch. Where that cannot be done, the log says so and null is returned. */
  static start(path: string, log: Logger, onChange: () => void): ConfigWatch | null {
    const [, directory = "", name = ""] = /^(.*[/\\])?([^/\\]*)$/.exec(path) ?? [];
    try {
      const watch = new ConfigWatch(Deno.watchFs(directory || ".", { recursive: false }), onChange);
      watch.#follow(name).catch((error) =>
        log.warn(`no longer watching ${path} for changes: ${describeFileError(error)}; reload with SIGHUP`)
      );
      return watch;
    } catch (error) {
      log.warn(`cannot watch ${path} for changes: ${describeFileError(error)}; reload with SIGHUP`);
      return null;
    }
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#watcher.close();
  }

  async #follow(name: string): Promise<void> {
    for await (const { kind, paths } of this.#watcher) {
      if (kind === "access" || kind === "remove") continue;
      if (paths.some((path) => path.endsWith(`/${name}`) || path.endsWith("/..data"))) this.#schedule();
    }
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    const restMs = this.#calledMs + LEAST_MS - performance.now();
    this.#timer = setTimeout(() => {
      this.#calledMs = performance.now();
      this.#onChange();
    }, Math.max(SETTLE_MS, restMs));
  }
}
