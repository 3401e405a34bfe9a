import { networkOf } from "../../../src/net/network.ts";
import { FlvClient } from "../../../src/upstream/client/flv_client.ts";
import { ANSWER_TIMEOUT_MS, placeOf, type Viewing, type ViewingHandlers, type ViewingOptions } from "./viewing.ts";

/** As long as its viewer's patience lasts at most. */
const HEAD_TIMEOUT_MS = 60_000;

/** Plays over HTTP-FLV. */
export async function viewFlv(
  { machine, place, stream, follows }: ViewingOptions,
  handlers: ViewingHandlers,
): Promise<Viewing> {
  const client = await FlvClient.connect({
    host: place.host,
    port: place.port,
    path: `/live/${stream}.flv`,
    headers: [["User-Agent", follows ? "Lavf/61.7.100" : "SimplePlayer/1.0"]],
    connectTimeoutMs: ANSWER_TIMEOUT_MS,
    handshakeTimeoutMs: ANSWER_TIMEOUT_MS,
    headTimeoutMs: HEAD_TIMEOUT_MS,
    timers: machine,
    network: networkOf(machine),
  }, {
    onMedia: (message) => handlers.onMedia(message),
    onEvent: (event) => {
      if (event.kind === "connected" || event.kind === "ready") return;
      client.close();
      if (event.kind === "redirect") handlers.onRedirect(placeOf(event.url, 80));
      else handlers.onEnd(event.kind === "refused" ? `refused: ${event.status.code}` : "the stream has ended");
    },
    onEnd: ({ message }) => handlers.onEnd(message),
  });
  return client;
}
