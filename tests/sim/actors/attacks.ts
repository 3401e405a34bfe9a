import type { TimerHandle } from "../../../src/base/clock.ts";
import { encodeUtf8 } from "../../../src/base/bytes.ts";
import type { MemoryHost } from "../../kit/memory/memory_host.ts";
import type { MemorySocket } from "../../kit/memory/memory_socket.ts";
import type { Random } from "../random.ts";
import type { AttackKind } from "../scenario.ts";
import type { SimServer } from "../world/sim_server.ts";
import { viewFlv } from "./flv_viewing.ts";
import { viewRtmp } from "./rtmp_viewing.ts";
import type { ViewingHandlers } from "./viewing.ts";

/** What an attacker has. */
export interface Attack {
  readonly server: SimServer;
  readonly machine: MemoryHost;
  readonly random: Random;
  /** Names of streams that are there. */
  readonly streams: readonly string[];
  connect(port: number): Promise<MemorySocket | null>;
  /** Something that ends with the attack. */
  keep(one: Disposable): void;
}

const PORTS = [1935, 1985, 8080];
const HTTP_PORTS = [1985, 8080];
const HANDSHAKE_BYTES = 1 + 1536;
/** More than any head has. */
const HUGE_BYTES = 40_000;
const DRIP_MS = 200;

const deaf: ViewingHandlers = { onMedia() {}, onRedirect() {}, onEnd() {} };

/** One act of each kind. */
export const attacks: Record<AttackKind, (attack: Attack) => void> = {
  garbage(attack) {
    const { random } = attack;
    const bytes = bytesOf(random, random.between(1, 3000));
    // Half of it begins as it should.
    if (random.percent(50)) {
      bytes.set(encodeUtf8(random.pick(["\x03", "GET / HTTP/1.1\r\n", "POST /"])).subarray(0, bytes.length));
    }
    say(attack, random.pick(PORTS), [bytes]);
  },

  halfHandshake(attack) {
    const { random } = attack;
    const bytes = bytesOf(random, random.between(1, 2 * HANDSHAKE_BYTES));
    bytes[0] = 3;
    say(attack, 1935, [bytes]);
  },

  flood(attack) {
    say(attack, attack.random.pick(PORTS), []);
  },

  madeUpNames(attack) {
    const { random, machine, server: { ip: host } } = attack;
    const stream = `n${random.next()}`;
    const [view, port] = random.percent(50) ? [viewRtmp, 1935] as const : [viewFlv, 8080] as const;
    const options = { machine, place: { host, port }, stream, follows: random.percent(50) };
    view(options, deaf).then(
      (viewing) => attack.keep({ [Symbol.dispose]: () => viewing.close() }),
      // There is no server.
      () => {},
    );
  },

  forgedClaims(attack) {
    const { random, streams, server: { ip } } = attack;
    const stream = random.pick([...streams, "s1"]);
    const other = `10.0.0.${random.between(1, 4)}`;
    const query = `vhost=__defaultVhost__&ip=${other}&app=live&stream=${stream}&coworker=${other}:1985`;
    const wish = random.pick(["&claim=abc123", "&stand_in=1", "&wait_ms=999999", "&claim=abc123&epoch=99999999999999"]);
    const lines = [
      `${random.pick(["POST", "POST", "GET", "PUT"])} /api/v1/clusters?${query}${wish} HTTP/1.1`,
      `Host: ${ip}:1985`,
      `X-Forwarded-For: ${other}`,
      `X-Real-IP: ${other}`,
      "Content-Length: 0",
    ];
    say(attack, 1985, [encodeUtf8(`${lines.join("\r\n")}\r\n\r\n`)]);
  },

  slowLoris(attack) {
    const { random, machine } = attack;
    let at = 0;
    let isOver = false;
    let timer: TimerHandle | null = null;
    attack.keep({
      [Symbol.dispose]: () => {
        isOver = true;
        timer?.cancel();
      },
    });
    void attack.connect(random.pick(HTTP_PORTS)).then((socket) => {
      const drip = () => {
        const text = at === 0 ? "GET /live/s1.flv HTTP/1.1\r\n" : `X-${at}: 1\r\n`;
        at++;
        socket?.write(encodeUtf8(text)).then(() => {
          if (!isOver) timer = machine.after(DRIP_MS, drip);
        }, () => {});
      };
      drip();
    });
  },

  hugeHead(attack) {
    const { random } = attack;
    const begin = encodeUtf8(`GET /${random.percent(50) ? "a".repeat(HUGE_BYTES) : ""} HTTP/1.1\r\nX-A: `);
    say(attack, random.pick(HTTP_PORTS), [begin, new Uint8Array(HUGE_BYTES).fill(97)]);
  },
};

/** Says something on a connection of its own, and stays. */
async function say(attack: Attack, port: number, parts: readonly Uint8Array[]): Promise<void> {
  const socket = await attack.connect(port);
  try {
    for (const part of parts) {
      for (let at = 0; socket !== null && at < part.length;) at += await socket.write(part.subarray(at));
    }
  } catch {
    // The server has had enough.
  }
}

function bytesOf(random: Random, count: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: count }, () => random.next());
}
