import { copyButton } from "./copy_button.js";
import { byId, element, httpUrl } from "./dom.js";

const USUAL_PORT = 1935;

/**
 * What to do while nothing is published: the addresses that an encoder wants, ready to be copied.
 *
 * @param node What `/console/api/node` says of this page's server.
 */
export function showPublishHint({ rtmp_port: port }) {
  const place = byId("publish-hint");
  const { hostname } = httpUrl(location.href) ?? location;
  if (typeof port !== "number" || place.childElementCount > 0) return;
  const server = `rtmp://${hostname}${port === USUAL_PORT ? "" : `:${port}`}/live`;
  const url = `${server}/livestream`;
  place.append(
    fact("OBS: Server", "the server for OBS", server),
    fact("OBS: Stream Key", "the stream key for OBS", "livestream"),
    fact("ffmpeg", "the command for ffmpeg", `ffmpeg -re -i FILE -c copy -f flv ${url}`),
    fact("A sample clip", "the command that publishes a sample clip", `srs-ts push ${url}`),
  );
}

function fact(title, what, text) {
  const code = element("code", {}, text);
  return element(
    "div",
    { class: "full" },
    element("dt", {}, title),
    element("dd", {}, code, " ", copyButton(code, what)),
  );
}
