import { loadConfig, requireConfig } from "../../../src/config/mod.ts";
import { Reloader } from "../../../src/server/reload/reloader.ts";
import type { ReloadPart } from "../../../src/server/reload/reload_part.ts";
import { Server } from "../../../src/server/server.ts";
import { freePort } from "../launcher.ts";
import { TestLog } from "../test_log.ts";

/** Directives of a {@link ReloadRig}'s file. */
export interface RigFile {
  /** Ports of the loopback to listen on. */
  ports?: readonly number[];
  /** The words of `listen`, where they are others. */
  listen?: (port: number) => string;
  root?: string;
  /** In the default vhost. */
  vhost?: string;
  /** Other vhosts. */
  vhosts?: string;
}

/** A server of this process that was started from a file, and can be told of another one. */
export class ReloadRig implements AsyncDisposable {
  readonly log = new TestLog();
  readonly port = freePort();
  readonly server: Server;
  readonly reloader: Reloader;
  /** What a reload reads. */
  text: string;
  /** Called when a reload reads. */
  onRead = () => {};

  constructor(file: RigFile = {}, parts: readonly ReloadPart[] = []) {
    this.text = this.compose(file);
    this.server = new Server(requireConfig(this.#load()), this.log);
    this.server.start();
    this.reloader = new Reloader({
      server: this.server,
      log: this.log,
      parts,
      read: () => {
        this.onRead();
        return this.#load();
      },
    });
  }

  /** The text of a file; it listens on the rig's port unless told otherwise. */
  compose({ ports = [this.port], listen, root = "", vhost = "", vhosts = "" }: RigFile): string {
    const words = listen?.(this.port) ?? ports.map((port) => `127.0.0.1:${port}`).join(" ");
    return `listen ${words};\n${root}\nvhost __defaultVhost__ { ${vhost} }\n${vhosts}\n`;
  }

  /** Writes another file and reloads it. @returns What the log says of it, without the first line and the id. */
  async reload(file: RigFile): Promise<string[]> {
    this.text = this.compose(file);
    const from = this.log.lines.length;
    await this.reloader.reload("test");
    return this.log.lines.slice(from).filter((line) => line.includes("reload:")).map((line) =>
      line.replace(/^(\w+) reload: /, "$1 ")
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.reloader.stop();
    await this.server.stop();
  }

  #load() {
    return loadConfig({ path: "t.conf", text: this.text });
  }
}
