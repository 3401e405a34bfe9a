import { copyButton } from "./copy_button.js";
import { byId, httpUrl, setText } from "./dom.js";
import { LivePlayer } from "./live_player.js";
import { flvUrl, splitKey } from "./player_query.js";

/** Plays a stream of the list, from the server whose list it is. */
export class PlayerDialog {
  #dialog = byId("player");
  #video = byId("video");
  #url = "";
  #player = new LivePlayer(this.#video, (text) => setText(byId("player-status"), text));
  #timer;

  constructor() {
    byId("player-address").append(" ", copyButton(byId("player-url"), "the address"));
    byId("player-close").addEventListener("click", () => this.#dialog.close());
    this.#dialog.addEventListener("close", () => {
      clearInterval(this.#timer);
      this.#player.stop();
    });
  }

  /** @param row A stream, with the server that has it. */
  open(row) {
    this.#url = placeOf(row);
    setText(byId("player-title"), row.key);
    setText(byId("player-url"), this.#url);
    this.#video.muted = true;
    this.#dialog.showModal();
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#describe(), 1000);
    this.#describe();
    if (this.#url !== "") return this.#player.play(this.#url);
    setText(
      byId("player-status"),
      `${row.member.label} serves no HTTP-FLV: set \`http_server { enabled on; }\` and \`http_remux { enabled on; }\``,
    );
  }

  #describe() {
    const { videoWidth, videoHeight, buffered, currentTime } = this.#video;
    const quality = this.#video.getVideoPlaybackQuality();
    const ahead = buffered.length > 0 ? Math.max(0, buffered.end(buffered.length - 1) - currentTime) : 0;
    setText(byId("player-size"), videoWidth > 0 ? `${videoWidth}×${videoHeight}` : "–");
    setText(byId("player-frames"), `${quality.totalVideoFrames} (${quality.droppedVideoFrames} dropped)`);
    setText(byId("player-buffer"), `${ahead.toFixed(1)} s`);
  }
}

/** The stream's address at the server whose list it is from; empty where that serves no HTTP-FLV. */
function placeOf({ key, stream: { flv_mount: mount }, flv, member }) {
  const { protocol, hostname } = httpUrl(`${location.protocol}//${member.coworker || location.host}`) ?? location;
  if (!flv || typeof mount !== "string") return "";
  // A page that came by HTTPS may load nothing by HTTP.
  const secure = protocol === "https:" && typeof flv.https_port === "number";
  const port = Number(secure ? flv.https_port : flv.port);
  return flvUrl({ schema: secure ? "https" : "http", host: hostname, port, ...splitKey(key), mount });
}
