import { type AmfValue, encodeAmf0 } from "../../../src/amf/amf0.ts";
import { concatBytes } from "../../../src/base/bytes.ts";
import { encodeMessage } from "../../../src/rtmp/chunk_writer.ts";
import { encodeCommand } from "../../../src/rtmp/command.ts";
import { setChunkSize } from "../../../src/rtmp/control.ts";
import { MessageType } from "../../../src/rtmp/message.ts";
import { assertEquals, assertGreater, assertLess } from "../../kit/assert.ts";
import { freePort, isListening, Program, programCommand, until } from "../../kit/launcher.ts";
import type { Flood } from "../../kit/server/flood_worker.ts";
import { Publisher, serverTest, Viewer } from "../../kit/server/rtmp_rig.ts";

const ATTACK_MS = 3000;
/** Without the attack it is some 50 ms; who starves others does so until it ends. What lies between is for a busy machine. */
const MAX_GAP_MS = 1500;
const FLOOD_BYTES = 256 * 1024;
const CHUNK = 65_536;

/** One that sends the same over and over, and never waits. */
type Attack = (ports: { rtmp: number; api: number; web: number }) => Omit<Flood, "forMs">;

function repeat(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const count = Math.ceil(FLOOD_BYTES / bytes.length);
  const out = new Uint8Array(bytes.length * count);
  for (let i = 0; i < count; i++) out.set(bytes, i * bytes.length);
  return out;
}

const text = (words: string) => new TextEncoder().encode(words);
let publishers = 0;

/** A publisher that sends messages of one kind. */
function publishes(typeId: number, payload: Uint8Array): Attack {
  return ({ rtmp: port }) => {
    const handshake = new Uint8Array(1 + 1536 + 1536);
    handshake[0] = 3;
    const command = (msid: number, name: string, ...values: AmfValue[]) =>
      encodeMessage(encodeCommand({ csid: 3, msid }, name, 1, ...values), CHUNK);
    const once = concatBytes(
      handshake,
      encodeMessage(setChunkSize(CHUNK), 128),
      command(0, "connect", { app: "live", tcUrl: `rtmp://127.0.0.1:${port}/live` }),
      command(0, "createStream", null),
      command(1, "publish", null, `flood${publishers++}`, "live"),
    );
    const repeated = repeat(encodeMessage({ csid: 6, msid: 1, timestampMs: 0, typeId, payload }, CHUNK));
    return { port, once: new Uint8Array(once), repeated };
  };
}

/** Requests one behind the other, of which no answer is waited for. */
function asks(path: string): Attack {
  const request = text(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
  return ({ api: port }) => ({ port, once: request, repeated: repeat(request) });
}

/** A viewer over WebSocket that sends empty frames. */
const webSocket: Attack = ({ web: port }) => {
  const once = text(
    "GET /live/healthy.flv HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
  );
  return { port, once, repeated: repeat(Uint8Array.of(0x81, 0x80, 1, 2, 3, 4)) };
};

const smallFrame = new Uint8Array(200).fill(0x27, 0, 2);
const manyKeys = Object.fromEntries(Array.from({ length: 900 }, (_, i) => [`k${i}`, i]));

const attacks: Record<string, Attack[]> = {
  "a publisher of small frames": [publishes(MessageType.Video, smallFrame)],
  "publishers of the smallest frames": new Array(4).fill(publishes(MessageType.Video, Uint8Array.of(0x27))),
  "a publisher of long metadata": [publishes(MessageType.Data, encodeAmf0("onMetaData", manyKeys))],
  "requests for metrics": [asks("/metrics"), asks("/metrics")],
  "requests to the API": [asks("/api/v1/summaries"), asks("/api/v1/clients?count=100")],
  "empty frames over WebSocket": [webSocket],
};

/** A thread that attacks when it is told to: to start one keeps this thread busy for some time. */
class Attacker implements Disposable {
  readonly #worker = new Worker(new URL("../../kit/server/flood_worker.ts", import.meta.url), { type: "module" });

  /** Settles when it listens. */
  ready(): Promise<void> {
    return this.#next<void>();
  }

  /** @returns Bytes that the server took. */
  run(flood: Flood): Promise<number> {
    const taken = this.#next<number>();
    this.#worker.postMessage(flood);
    return taken;
  }

  [Symbol.dispose](): void {
    this.#worker.terminate();
  }

  #next<T>(): Promise<T> {
    const { promise, resolve } = Promise.withResolvers<T>();
    this.#worker.onmessage = ({ data }) => resolve(data);
    return promise;
  }
}

async function checkFairness(attack: readonly Attack[], workers: number): Promise<void> {
  const directory = await Deno.makeTempDir();
  const ports = { rtmp: freePort(), api: freePort(), web: freePort() };
  await Deno.writeTextFile(
    `${directory}/x.conf`,
    `listen 127.0.0.1:${ports.rtmp}; pid x.pid; daemon off; srs_log_tank console; workers ${workers};
     http_api { enabled on; listen 127.0.0.1:${ports.api}; } http_server { enabled on; listen 127.0.0.1:${ports.web}; }
     exporter { enabled on; listen 127.0.0.1:${freePort()}; }
     vhost __defaultVhost__ { min_latency on; http_remux { enabled on; } }`,
  );
  await using server = new Program(programCommand("origin", "-c", "x.conf"), { cwd: directory });
  await until(() => isListening(ports.web), 15_000, () => `the server to listen; ${server.output}`);
  using publisher = await Publisher.start(ports.rtmp, "healthy");
  using viewer = await Viewer.start(ports.rtmp, "healthy");
  await viewer.waitForFrames(25);
  using attackers = new DisposableStack();
  const threads = attack.map(() => attackers.use(new Attacker()));
  await Promise.all(threads.map((thread) => thread.ready()));
  const floods = attack.map((of) => ({ ...of(ports), forMs: ATTACK_MS }));
  await viewer.waitForFrames(10);
  viewer.worstGapMs = 0;
  const taken = await Promise.all(floods.map((flood, i) => threads[i]!.run(flood)));
  await viewer.waitForFrames(10, 20_000);
  for (const bytes of taken) assertGreater(bytes, FLOOD_BYTES);
  assertLess(viewer.worstGapMs, MAX_GAP_MS);
  assertEquals([viewer.breaks, publisher.ended, viewer.ended], [[], "", ""]);
  await Deno.remove(directory, { recursive: true });
}

for (const [name, attack] of Object.entries(attacks)) {
  serverTest(`a server goes on serving others beside ${name}`, () => checkFairness(attack, 1));
}
serverTest(
  "a server goes on serving others beside attackers that come to another thread",
  () => checkFairness([...attacks["a publisher of small frames"]!, asks("/api/v1/summaries")], 2),
);
