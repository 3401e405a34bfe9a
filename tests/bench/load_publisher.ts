/**
 * Publishes M streams in real time, for measurements of any RTMP server.
 *
 *     deno run -A tests/bench/load_publisher.ts rtmp://127.0.0.1:1935/live/bench --kbps 2500
 *     deno run -A tests/bench/load_publisher.ts rtmp://127.0.0.1:1935/live/bench --file clip.flv --streams 4
 *
 * Stream names are NAME for one stream, NAME0, NAME1 ... for more. Prints JSON lines, see `control.ts`.
 */
import { parseArgs } from "@std/cli/parse-args";
import { parseRtmpUrl, runLoad } from "./control.ts";
import { encodeChunks, RtmpClient, SEND_CHUNK_SIZE } from "./rtmp_client.ts";
import { FlvLoop, type MediaSource, type MediaTag, SyntheticMedia } from "./synthetic_media.ts";

/** Stream number `index` of `count`. */
export function streamName(name: string, index: number, count: number): string {
  return count === 1 ? name : `${name}${index}`;
}

const MAX_PENDING_BYTES = 16 << 20;
const CSID = { 8: 4, 9: 6, 18: 5 } as const;

const counters = { messages: 0, bytes: 0, dropped: 0 };
let alive = 0;

class Publisher {
  readonly #client: RtmpClient;
  readonly #source: MediaSource;
  #next: MediaTag;
  #pendingBytes = 0;

  constructor(client: RtmpClient, source: MediaSource) {
    this.#client = client;
    this.#source = source;
    this.#next = source.next();
    for (const header of source.headers) this.#send([header]);
  }

  /** Sends what is due. Returns the time of the next tag, both in stream time. */
  sendUntil(nowMs: number): number {
    const due: MediaTag[] = [];
    for (; this.#next.timestampMs <= nowMs; this.#next = this.#source.next()) due.push(this.#next);
    if (due.length > 0) this.#send(due);
    return this.#next.timestampMs;
  }

  #send(tags: MediaTag[]): void {
    for (const { typeId, timestampMs, payload } of tags) {
      if (this.#pendingBytes > MAX_PENDING_BYTES) {
        counters.dropped++;
        continue;
      }
      const header = { csid: CSID[typeId], typeId, msid: this.#client.msid, timestampMs };
      const bytes = encodeChunks(header, payload, SEND_CHUNK_SIZE);
      counters.messages++;
      counters.bytes += bytes.length;
      this.#pendingBytes += bytes.length;
      this.#client.send(bytes).catch(() => {}).finally(() => this.#pendingBytes -= bytes.length);
    }
  }
}

async function main(): Promise<void> {
  const args = parseArgs(Deno.args, {
    string: ["file", "kbps", "streams", "window", "windows"],
    boolean: ["control"],
    default: { kbps: "2500", streams: "1", window: "10", windows: "1000000" },
  });
  const { host, port, app, stream } = parseRtmpUrl(String(args._[0]));
  const count = Number(args.streams);
  const file = args.file === undefined ? null : await Deno.readFile(args.file);
  const publishers: Publisher[] = [];
  for (let i = 0; i < count; i++) {
    const name = streamName(stream, i, count);
    const client = await RtmpClient.connect({ host, port, app, stream: name, role: "publish", bufferBytes: 4096 });
    client.run().then(() => alive--);
    alive++;
    await client.started;
    publishers.push(new Publisher(client, file === null ? new SyntheticMedia(Number(args.kbps)) : new FlvLoop(file)));
  }
  pace(publishers);
  await runLoad({
    ready: Promise.resolve({ publishers: count }),
    begin: () => Object.assign(counters, { messages: 0, bytes: 0, dropped: 0 }),
    report: () => ({ publishers: count, alive, ...counters }),
  }, { control: args.control, windowSeconds: Number(args.window), windows: Number(args.windows) });
}

function pace(publishers: Publisher[]): void {
  const startedAtMs = performance.now();
  const step = () => {
    const nowMs = performance.now() - startedAtMs;
    const nextMs = Math.min(...publishers.map((publisher) => publisher.sendUntil(nowMs)));
    setTimeout(step, Math.max(1, nextMs - (performance.now() - startedAtMs)));
  };
  step();
}

if (import.meta.main) await main();
