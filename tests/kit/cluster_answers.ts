import { configOf } from "./fake_server.ts";
import { VhostHandle } from "../../src/config/mod.ts";
import type { OwnerQuery } from "../../src/cluster/coworker_question.ts";
import type { Owner } from "../../src/cluster/coworkers.ts";
import { parseStreamUrl, type StreamUrl, withVhost } from "../../src/rtmp/url.ts";

/** A stream of the default vhost, whose blocks are `vhost`. */
export function streamIn(vhost: string): { url: StreamUrl; vhost: VhostHandle } {
  const config = configOf(`vhost __defaultVhost__ { ${vhost} }`);
  const url = withVhost(parseStreamUrl("rtmp://10.0.0.1/live", "s"), "__defaultVhost__");
  return { url, vhost: new VhostHandle({ config }, config.vhosts[0]!) };
}

/** An origin that has a stream. */
export function ownerAt(ip: string, facts: Partial<Owner> = {}): Owner {
  return { ip, port: 1935, coworker: `${ip}:1985`, silentMs: 0, isDraining: false, ...facts };
}

/** Coworkers that answer what a test says. */
export class ClusterAnswers {
  owner: Owner | null = null;
  readonly asked: OwnerQuery[] = [];
  /** Whose publishers were told to go. */
  readonly claimed: string[] = [];
  refused = "";

  findOwner(query: OwnerQuery): Promise<Owner | null> {
    this.asked.push(query);
    return Promise.resolve(this.owner);
  }

  async findOwners(query: OwnerQuery): Promise<Owner[]> {
    const owner = await this.findOwner(query);
    return owner === null ? [] : [owner];
  }

  claim(coworker: string): Promise<void> {
    this.claimed.push(coworker);
    return Promise.resolve();
  }

  confirm(): Promise<Owner | null> {
    return Promise.resolve(this.owner);
  }

  refusals(): string {
    return this.refused;
  }
}
