const libraries = new Map();

/** Loads a library of others the first time that it is needed. */
function load(file, name) {
  const loading = libraries.get(file) ?? new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = `/console/vendor/${file}`;
    script.onload = () => resolve(globalThis[name]);
    script.onerror = () => {
      libraries.delete(file);
      reject(new Error("the player could not be loaded from this server"));
    };
    document.head.append(script);
  });
  libraries.set(file, loading);
  return loading;
}

const HLS_TYPE = "application/vnd.apple.mpegurl";

/**
 * What plays an address in this browser: HTTP-FLV by mpegts.js, HLS by hls.js, or by the browser itself where it has no
 * Media Source Extensions, as on older phones of Apple. There, an address of HTTP-FLV is taken for HLS of the same stream.
 *
 * An engine's `start(video, url, sink)` begins to load, and returns what ends it; the sink's `onEnd(reason)` is told at
 * most once.
 */
export async function chooseEngine(url, video) {
  const isHls = new URL(url).pathname.endsWith(".m3u8");
  const hasMedia = "MediaSource" in globalThis || "ManagedMediaSource" in globalThis;
  const isNative = video.canPlayType(HLS_TYPE) !== "";
  if (isHls) {
    const Hls = hasMedia ? await load("hls.js", "Hls") : null;
    if (Hls?.isSupported()) return { start: (...args) => startHls(Hls, ...args), url };
    if (isNative) return { start: startNative, url };
    throw new Error("this browser cannot play HLS");
  }
  const mpegts = "MediaSource" in globalThis ? await load("mpegts.js", "mpegts") : null;
  if (mpegts?.getFeatureList().mseLivePlayback) return { start: (...args) => startFlv(mpegts, ...args), url };
  if (isNative) return { start: startNative, url: url.replace(/\.flv(?=$|[?#])/, ".m3u8") };
  throw new Error("this browser cannot play live streams");
}

function startFlv(mpegts, video, url, { onEnd }) {
  mpegts.LoggingControl.enableAll = false;
  const options = {
    // A worker would be made of a blob, which the page's policy forbids.
    enableWorker: false,
    lazyLoad: false,
    liveBufferLatencyChasing: true,
    liveBufferLatencyMaxLatency: 3,
    liveBufferLatencyMinRemain: 0.8,
    autoCleanupSourceBuffer: true,
    stashInitialSize: 64 * 1024,
  };
  const player = mpegts.createPlayer({ type: "flv", isLive: true, cors: true, url }, options);
  player.on(mpegts.Events.ERROR, (kind, detail, info) => onEnd(explainFlv(kind, detail, info)));
  player.on(mpegts.Events.LOADING_COMPLETE, () => onEnd("The stream has ended"));
  player.attachMediaElement(video);
  player.load();
  return () => player.destroy();
}

function explainFlv(kind, detail, info) {
  if (kind === "NetworkError") {
    const { code } = info ?? {};
    return code > 0 ? explainStatus(code) : "The server is not reachable";
  }
  if (detail === "MediaMSEError") return "The browser cannot decode this stream";
  return kind === "MediaError" ? "The stream cannot be played" : "Playing failed";
}

function startHls(Hls, video, url, { onEnd }) {
  const hls = new Hls({
    enableWorker: false,
    lowLatencyMode: true,
    backBufferLength: 30,
    maxLiveSyncPlaybackRate: 1.2,
    // By default each stall moves the player back by a second for good.
    liveSyncOnStallIncrease: 0.25,
  });
  // hls.js plays faster while it is a little too late, and by default never seeks: in low latency it is to, beyond that.
  hls.on(Hls.Events.LEVEL_LOADED, (_event, { details: { partTarget, partHoldBack, targetduration } }) => {
    if (partTarget > 0) hls.config.liveMaxLatencyDuration = 2 * partHoldBack + targetduration;
  });
  let mended = 0;
  hls.on(Hls.Events.ERROR, (_event, { fatal, type, details, response }) => {
    if (!fatal) return;
    // Once in a while a browser loses its way in the media: it may find it again.
    if (type === Hls.ErrorTypes.MEDIA_ERROR && mended++ < 2) return hls.recoverMediaError();
    if (response?.code >= 400) return onEnd(explainStatus(response.code));
    onEnd(type === Hls.ErrorTypes.NETWORK_ERROR ? "The server is not reachable" : `Playing failed (${details})`);
  });
  hls.loadSource(url);
  hls.attachMedia(video);
  return () => hls.destroy();
}

function startNative(video, url, { onEnd }) {
  const onError = () => onEnd("The stream cannot be played");
  video.addEventListener("error", onError);
  video.src = url;
  return () => {
    video.removeEventListener("error", onError);
    video.removeAttribute("src");
    video.load();
  };
}

function explainStatus(code) {
  if (code === 404) return "No such stream there";
  if (code === 401 || code === 403) return "The server refuses to play it";
  return `The server answered with HTTP status ${code}`;
}
