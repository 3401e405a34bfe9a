import { byId, element, setText } from "./dom.js";
import { LivePlayer } from "./live_player.js";
import { flvUrl, splitKey } from "./player_query.js";

/** Plays a stream of the list, from the server that the user chooses. */
export class PlayerDialog {
  #dialog = byId("player");
  #video = byId("video");
  #from = byId("player-from");
  #player = new LivePlayer(this.#video, (text) => setText(byId("player-status"), text));
  #timer;

  constructor() {
    this.#from.addEventListener("change", () => this.#play());
    byId("player-close").addEventListener("click", () => this.#dialog.close());
    this.#dialog.addEventListener("close", () => {
      clearInterval(this.#timer);
      this.#player.stop();
    });
  }

  /** @param nodes All servers of the page. */
  open(row, nodes) {
    const places = placesOf(row, nodes);
    setText(byId("player-title"), row.key);
    this.#from.replaceChildren(...places.map(({ label, url }) => element("option", { value: url }, label)));
    byId("player-from-field").hidden = places.length < 2;
    this.#video.muted = true;
    this.#dialog.showModal();
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#describe(), 1000);
    this.#play();
  }

  #play() {
    const url = this.#from.value;
    setText(byId("player-url"), url);
    this.#describe();
    if (url !== "") return this.#player.play(url);
    setText(
      byId("player-status"),
      "No server of this page serves HTTP-FLV: set `http_server { enabled on; }` and `http_remux { enabled on; }`",
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

/** Where a stream may be played from, nearest first: edges, this server, then the others that have it. */
function placesOf({ key, places }, nodes) {
  const { vhost, app, stream } = splitKey(key);
  const rank = (node) => (node.role === "edge" ? 0 : 2) + (node.isSelf ? 0 : 1);
  const known = places.map(({ node }) => node);
  const all = [...new Set([...known, ...nodes.filter((node) => node.isUp)])].sort((a, b) =>
    Number(known.includes(b)) - Number(known.includes(a)) || rank(a) - rank(b)
  );
  return all.flatMap((node) => {
    const mount = mountOf(node, vhost);
    if (!node.info?.flv || mount === null) return [];
    const { protocol, hostname } = new URL(node.base);
    // A page that came by HTTPS may load nothing by HTTP.
    const secure = protocol === "https:" && node.info.flv.https_port !== null;
    const port = secure ? node.info.flv.https_port : node.info.flv.port;
    const url = flvUrl({ schema: secure ? "https" : "http", host: hostname, port, vhost, app, stream, mount });
    return [{ label: `${node.label}${node.role ? `, ${node.role}` : ""}`, url }];
  });
}

/** The vhost's mount; null when it serves no HTTP-FLV. */
function mountOf(node, vhost) {
  const vhosts = node.info?.vhosts ?? [];
  const named = (name) => vhosts.find((each) => each.name === name);
  return (named(vhost) ?? named("__defaultVhost__"))?.flv_mount ?? null;
}
