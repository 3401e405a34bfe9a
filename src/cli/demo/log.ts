/** A log line of a server, taken apart. */
export interface LogLine {
  level: string;
  cid: string;
  text: string;
}

/** Reads SRS's line format; null for anything else that a program prints. */
export function parseLogLine(line: string): LogLine | null {
  const [, level, cid, text] = /^\[[^\]]*\]\[([A-Z]+)\]\[\d+\]\[([^\]]*)\] (.*)$/.exec(line) ?? [];
  return level === undefined || cid === undefined || text === undefined ? null : { level, cid, text };
}

/**
 * Follows an edge by its log: the edge of the walkthrough has no HTTP API to ask.
 */
export class EdgeLog {
  readonly #players = new Set<string>();
  #pulledFrom = "";
  #redirectedBy = "";
  #redirect: { origin: string; target: string } | null = null;

  /** Server that the stream comes from, as `host:port`; empty while there is none. */
  get pulledFrom(): string {
    return this.#pulledFrom;
  }

  /** Server that sent the edge there, or empty. */
  get redirectedBy(): string {
    return this.#pulledFrom === "" ? "" : this.#redirectedBy;
  }

  get players(): number {
    return this.#players.size;
  }

  read({ level, cid, text }: LogLine): void {
    const [, origin, target] = /^pull \S+: (\S+) redirects to (\S+)$/.exec(text) ?? [];
    const [, from] = /^pull \S+ from (\S+)/.exec(text) ?? [];
    if (origin !== undefined && target !== undefined) this.#redirect = { origin, target };
    else if (from !== undefined) {
      this.#pulledFrom = from;
      this.#redirectedBy = this.#redirect?.target === from ? this.#redirect.origin : "";
      this.#redirect = null;
    } else if (/^pull \S+: (?!stopped)/.test(text) && level === "WARN") this.#pulledFrom = "";
    else if (/^play \S+ from /.test(text)) this.#players.add(cid);
    else if (/^client \S+ left /.test(text)) this.#players.delete(cid);
  }
}

/** The latest words of `srs-ts push --json`, as a person reads them; null when the line says nothing new. */
export function describePushLine(line: string): string | null {
  const { event, server, kbps, fps, text } = parseObject(line);
  if (event === "note" && typeof text === "string") return text;
  if (event !== "progress") return null;
  return server === "" ? "srs-ts push is not connected" : `srs-ts push to ${server}, ${kbps} kbit/s, ${fps} fps`;
}

function parseObject(line: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    // A word of the runtime, not of the program.
    return {};
  }
}
