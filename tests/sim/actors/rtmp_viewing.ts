import type { AmfObject } from "../../../src/amf/amf0.ts";
import { networkOf } from "../../../src/net/network.ts";
import { encodeMessage } from "../../../src/rtmp/chunk_writer.ts";
import { encodeCommand } from "../../../src/rtmp/command.ts";
import { RtmpClient } from "../../../src/upstream/client/rtmp_client.ts";
import { ANSWER_TIMEOUT_MS, placeOf, type Viewing, type ViewingHandlers, type ViewingOptions } from "./viewing.ts";

/** How SRS's edge presents itself. */
const srsEdge: AmfObject = Object.fromEntries(
  Object.entries({
    sig: "SRS",
    server: "SRS/6.0.184(Hang)",
    license: "MIT",
    url: "https://github.com/ossrs/srs",
    version: "6.0.184",
    pid: 1,
    id: "4x2y8z6w",
    ["server_ip"]: "10.0.3.1",
  }).map(([name, value]) => [`srs_${name}`, value]),
);

const CHUNK_BYTES = 60_000;
/** A chunk stream that nothing else uses: what is said there does not disturb headers that refer to earlier ones. */
const PAUSE_CSID = 8;

/** Plays over RTMP. @param answerTimeoutMs For each step until the stream is asked for. */
export async function viewRtmp(
  { machine, place: { host, port }, stream, follows }: ViewingOptions,
  handlers: ViewingHandlers,
  answerTimeoutMs = ANSWER_TIMEOUT_MS,
): Promise<Viewing> {
  const client = await RtmpClient.connect({
    host,
    port,
    connectTimeoutMs: ANSWER_TIMEOUT_MS,
    handshakeTimeoutMs: answerTimeoutMs,
    timers: machine,
    network: networkOf(machine),
    session: {
      role: "play",
      tcUrl: `rtmp://${host}:${port}/live`,
      app: "live",
      name: stream,
      chunkSizeBytes: CHUNK_BYTES,
      handshake: "simple",
      lendsMedia: true,
      ...(follows ? { connectArgs: srsEdge } : {}),
    },
  }, {
    onMedia: (message) => handlers.onMedia(message),
    onEvent: (event) => {
      if (event.kind !== "refused" && event.kind !== "redirect") return;
      client.close();
      if (event.kind === "redirect") handlers.onRedirect(placeOf(event.url, 1935));
      else handlers.onEnd(`refused: ${event.status.description}`);
    },
    onEnd: ({ message }) => handlers.onEnd(message),
  });
  const socket = machine.dialled.at(-1)!;
  return {
    close: () => client.close(),
    pause: (isPaused) => {
      const message = encodeCommand({ csid: PAUSE_CSID, msid: 1 }, "pause", 0, null, isPaused, 0);
      // The connection may be over.
      socket.write(encodeMessage(message, CHUNK_BYTES)).catch(() => {});
    },
  };
}
