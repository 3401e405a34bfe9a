import { decodeAmf0 } from "../../../src/amf/amf0.ts";
import { FlvDemuxer } from "../../../src/flv/demuxer.ts";
import type { FlvTag } from "../../../src/flv/tag.ts";
import { MemoryDisk } from "../../kit/memory/memory_disk.ts";
import { MemoryHooks } from "../../kit/memory/memory_hooks.ts";
import { MemoryNetwork } from "../../kit/memory/memory_network.ts";
import { MemoryPublisher, MemoryViewer } from "../../kit/memory/memory_peers.ts";
import { type MemoryFile, MemoryServer } from "../../kit/memory/memory_server.ts";
import { label } from "../../kit/media/packets.ts";

/** A simulated network with a server at 10.0.0.1 that records to a disk in memory, and what hooks hear. */
export class RecordStage implements AsyncDisposable {
  readonly network = new MemoryNetwork();
  readonly disk = new MemoryDisk(this.network.timers);
  readonly hooks = new MemoryHooks(this.network);
  server: MemoryServer;
  #hosts = 0;

  /** @param dvr Directives of its `dvr` block, which is on unless they say otherwise. */
  constructor(dvr: string, more: MemoryFile = {}) {
    this.server = this.serve(dvr, more);
  }

  /** Starts the server, again perhaps, on the same disk. */
  serve(dvr: string, more: MemoryFile = {}): MemoryServer {
    const server = new MemoryServer(this.network, "10.0.0.1", RecordStage.file(dvr, more), { disk: this.disk });
    return this.server = server;
  }

  static file(dvr: string, more: MemoryFile = {}): MemoryFile {
    const on = dvr.includes("enabled") ? "" : "enabled on;";
    const hook = `http_hooks { enabled on; on_dvr ${MemoryHooks.url("/dvr")}; }`;
    return { ...more, vhost: `dvr { ${on} ${dvr} } ${hook} ${more.vhost ?? ""}` };
  }

  run(ms: number): Promise<void> {
    return this.network.run(ms);
  }

  host() {
    return this.network.host(`10.0.2.${++this.#hosts}`);
  }

  async publish(stream = "s", firstId = 50): Promise<MemoryPublisher> {
    const publisher = await MemoryPublisher.start(this.host(), "10.0.0.1:1935", stream, firstId);
    await this.run(100);
    return publisher;
  }

  play(stream = "s"): Promise<MemoryViewer> {
    return MemoryViewer.start(this.host(), "10.0.0.1:1935", stream);
  }

  /** The tags of a file that is whole to its last byte. */
  tags(path: string): FlvTag[] {
    const demuxer = new FlvDemuxer();
    const tags = demuxer.push(this.disk.read(path));
    demuxer.end();
    return tags;
  }

  /** Labels and times of a file's tags but the first, which is its metadata: `K50@0`. */
  labels(path: string): string[] {
    return this.tags(path).slice(1).map((tag) =>
      `${label({ typeId: tag.type, payload: tag.payload })}@${tag.timestampMs}`
    );
  }

  metadata(path: string): Record<string, unknown> {
    return decodeAmf0(this.tags(path)[0]!.payload)[1] as Record<string, unknown>;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.stop();
  }
}
