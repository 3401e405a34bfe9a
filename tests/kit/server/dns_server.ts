import { freePort } from "./rtmp_rig.ts";

const A = 1;
const AAAA = 28;
const SRV = 33;
const NO_SUCH_NAME = 3;

/** A DNS server on this machine, over UDP, with the records that a test gives it. Source: RFC 1035, RFC 2782. */
export class DnsServer implements Disposable {
  /** IPv4 addresses by name. */
  readonly addresses = new Map<string, readonly string[]>();
  readonly services = new Map<string, readonly { host: string; port: number; priority: number }[]>();
  /** It gives no answer. */
  isSilent = false;
  /** Names that were asked for, as `TYPE name`. */
  readonly asked: string[] = [];
  readonly port = freePort();
  readonly #socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: this.port });

  constructor() {
    this.#run();
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }

  async #run(): Promise<void> {
    try {
      for await (const [query, from] of this.#socket) {
        const answer = this.#answer(query);
        if (!this.isSilent) await this.#socket.send(answer, from);
      }
    } catch {
      // It is closed.
    }
  }

  #answer(query: Uint8Array): Uint8Array {
    const labels: string[] = [];
    let at = 12;
    for (let length = query[at]!; length > 0; length = query[at]!) {
      labels.push(new TextDecoder().decode(query.subarray(at + 1, at + 1 + length)));
      at += length + 1;
    }
    const end = at + 5;
    const type = query[at + 2]!;
    const name = labels.join(".").toLowerCase();
    this.asked.push(`${type} ${name}`);
    const records = this.#records(type, name);
    const isKnown = this.addresses.has(name) || this.services.has(name);
    const head = query.slice(0, end);
    // An answer to the same question, with so many records and none of the other kinds.
    head.set([0x81, 0x80 | (isKnown ? 0 : NO_SUCH_NAME), 0, 1, 0, records.length, 0, 0, 0, 0], 2);
    const parts = records.map((
      data,
    ) => [0xc0, 12, 0, type, 0, 1, 0, 0, 0, 0, data.length >> 8, data.length & 255, ...data]);
    return new Uint8Array([...head, ...parts.flat()]);
  }

  #records(type: number, name: string): number[][] {
    if (type === A) return (this.addresses.get(name) ?? []).map((ip) => ip.split(".").map(Number));
    if (type === AAAA) return [];
    if (type !== SRV) return [];
    return (this.services.get(name) ?? []).map(({ host, port, priority }) => {
      const target = host.split(".").flatMap((label) => [label.length, ...new TextEncoder().encode(label)]);
      return [priority >> 8, priority & 255, 0, 0, port >> 8, port & 255, ...target, 0];
    });
  }
}
