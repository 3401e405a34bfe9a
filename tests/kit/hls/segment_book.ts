/** What was got under one address. */
interface Known {
  readonly hash: number;
  readonly byteLength: number;
  readonly server: string;
}

/** What one start of a server has listed of a stream. */
export interface ListingRecord {
  /** First number that it has had without a break since somebody began to ask it. */
  sinceNumber: number;
  /** Number of its newest segment. */
  lastNumber: number;
  /** When it was asked last. */
  askedMs: number;
}

/** What all viewers have got: an address means the same bytes, wherever and whenever it is asked for. */
export class SegmentBook {
  readonly #known = new Map<string, Known>();
  readonly #listings = new Map<string, ListingRecord>();
  /** Starts of servers, each with an address. */
  readonly #given = new Set<string>();

  /** Bytes came from this start of a server. */
  give(start: string, address: string): void {
    this.#given.add(`${start} ${address}`);
  }

  /** Whether this start of a server has had what is under an address. */
  hasGiven(start: string, address: string): boolean {
    return this.#given.has(`${start} ${address}`);
  }

  /** @returns What is wrong; empty if nothing is. */
  note(address: string, bytes: Uint8Array, server: string): string {
    const hash = hashOf(bytes);
    const known = this.#known.get(address);
    if (known === undefined) this.#known.set(address, { hash, byteLength: bytes.length, server });
    else if (known.hash !== hash || known.byteLength !== bytes.length) {
      return `gets other bytes of ${address} from ${server}, ${bytes.length} of them, than ${known.server} has given, ` +
        `${known.byteLength} of them`;
    }
    return "";
  }

  /** Of one start of a server; undefined before anybody has got a playlist there. */
  listingOf(start: string, stream: string): ListingRecord | undefined {
    return this.#listings.get(`${start} ${stream}`);
  }

  /** @param lingerMs A server that nobody asks for so long lets go of a stream. */
  list(start: string, stream: string, { first, last, nowMs }: ListingFacts, lingerMs: number): void {
    const key = `${start} ${stream}`;
    const before = this.#listings.get(key);
    const goesOn = before !== undefined && nowMs - before.askedMs < lingerMs;
    const sinceNumber = goesOn ? before.sinceNumber : before === undefined ? first : before.lastNumber + 1;
    this.#listings.set(key, { sinceNumber, lastNumber: last, askedMs: nowMs });
  }
}

/** A playlist, in short. */
export interface ListingFacts {
  readonly first: number;
  readonly last: number;
  readonly nowMs: number;
}

/** FNV-1a, of 32 bits. */
function hashOf(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < bytes.length; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193);
  return hash >>> 0;
}
