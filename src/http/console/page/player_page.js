import { byId, httpUrl, setText } from "./dom.js";
import { LivePlayer } from "./live_player.js";
import { readPlayerQuery } from "./player_query.js";

/** The page `/players/srs_player.html`: an address, a picture. */

const { url, autostart } = readPlayerQuery(location.search, location);
const field = byId("url");
const status = byId("player-status");
const player = new LivePlayer(byId("video"), (text) => setText(status, text));

function play() {
  const target = httpUrl(field.value.trim());
  if (target !== null) return player.play(target.href);
  player.stop();
  setText(status, "Write an address that begins with http:// or https://");
}

/** The port of streams has the player, and not the console. */
async function showConsoleLink() {
  const answer = await fetch("/console/", { method: "HEAD" }).catch(() => null);
  byId("pages").hidden = !answer?.ok;
}

field.value = url;
showConsoleLink();
byId("open").addEventListener("submit", (event) => {
  event.preventDefault();
  play();
});
byId("stop").addEventListener("click", () => {
  player.stop();
  setText(status, "Stopped");
});
if (autostart && url !== "") play();
else setText(status, url === "" ? "Write the address of a stream" : "Press Play");
