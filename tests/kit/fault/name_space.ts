import { createSocket } from "node:dgram";
import { isInstalled } from "../tools.ts";

const ADDRESS = "127.0.0.77";

/** Names of hosts as one process sees them: a file that can be changed, behind it a name server that never answers. */
export class NameSpace implements AsyncDisposable {
  /** Where its files are. */
  readonly dir: string;

  private constructor(dir: string) {
    this.dir = dir;
  }

  /** Why there can be none on this machine; null when there can. */
  static missing(): string | null {
    if (Deno.build.os !== "linux" || !isInstalled("unshare")) return "needs unshare";
    return Deno.uid() === 0 ? null : "needs root, for a name space of its own";
  }

  static async create(): Promise<NameSpace> {
    const space = new NameSpace(await Deno.makeTempDir());
    space.setHosts({});
    Deno.writeTextFileSync(`${space.dir}/resolv.conf`, `nameserver ${ADDRESS}\n`);
    return space;
  }

  /** What the hosts file says from now on. */
  setHosts(hosts: Record<string, string>): void {
    const lines = Object.entries({ localhost: "127.0.0.1", ...hosts }).map(([name, ip]) => `${ip} ${name}\n`);
    // Written in place: the mount is of this very file.
    Deno.writeTextFileSync(`${this.dir}/hosts`, lines.join(""));
  }

  /** A command line that runs inside. */
  command(command: readonly string[]): [string, ...string[]] {
    const script = 'mount --bind "$0/hosts" /etc/hosts && mount --bind "$0/resolv.conf" /etc/resolv.conf && exec "$@"';
    return ["unshare", "-m", "sh", "-c", script, this.dir, ...command];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.dir, { recursive: true });
  }
}

/** A name server that takes every question and answers none, so that a look-up takes its resolver's whole patience. */
export class SilentNameServer implements AsyncDisposable {
  readonly #socket = createSocket("udp4");

  static async start(): Promise<SilentNameServer> {
    const server = new SilentNameServer();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.#socket.on("error", reject);
    server.#socket.bind(53, ADDRESS, resolve);
    await promise;
    return server;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#socket.close(() => resolve());
    await promise;
  }
}
