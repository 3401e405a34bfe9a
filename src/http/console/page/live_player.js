const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 5000;
const STALL_MS = 8000;

let library = null;

/** Loads mpegts.js the first time that something is played. */
function loadLibrary() {
  library ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = "/console/vendor/mpegts.js";
    script.onload = () => resolve(globalThis.mpegts);
    script.onerror = () => {
      library = null;
      reject(new Error("the player could not be loaded from this server"));
    };
    document.head.append(script);
  });
  return library;
}

/** Plays one HTTP-FLV stream in a video element, and connects again whenever it ends: a stream may move or come back. */
export class LivePlayer {
  #video;
  #onStatus;
  #player = null;
  #url = "";
  #waitMs = FIRST_WAIT_MS;
  #timer;
  #watch;
  #lastTime = 0;
  #lastAdvanceMs = 0;
  #run = 0;

  /** @param onStatus Told in a few words what happens. */
  constructor(video, onStatus) {
    this.#video = video;
    this.#onStatus = onStatus;
    video.addEventListener("playing", () => {
      this.#waitMs = FIRST_WAIT_MS;
      this.#onStatus("Playing");
    });
  }

  async play(url) {
    this.stop();
    this.#url = url;
    const run = ++this.#run;
    this.#onStatus("Connecting");
    try {
      const mpegts = await loadLibrary();
      if (run !== this.#run) return;
      if (!mpegts.getFeatureList().mseLivePlayback) throw new Error("this browser cannot play live streams");
      this.#start(mpegts);
    } catch (error) {
      if (run === this.#run) this.#onStatus(`Cannot play: ${error.message}`);
    }
  }

  stop() {
    this.#run++;
    clearTimeout(this.#timer);
    clearInterval(this.#watch);
    this.#destroy();
    this.#waitMs = FIRST_WAIT_MS;
  }

  #start(mpegts) {
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
    const player = mpegts.createPlayer({ type: "flv", isLive: true, cors: true, url: this.#url }, options);
    this.#player = player;
    player.on(mpegts.Events.ERROR, (kind, detail, info) => this.#again(player, mpegts, explain(kind, detail, info)));
    player.on(mpegts.Events.LOADING_COMPLETE, () => this.#again(player, mpegts, "The stream has ended"));
    player.attachMediaElement(this.#video);
    player.load();
    this.#play();
    this.#lastAdvanceMs = performance.now();
    this.#watch = setInterval(() => this.#look(player, mpegts), 1000);
  }

  async #play() {
    try {
      await this.#video.play();
    } catch (error) {
      // Browsers allow what is silent; a `play` that a new one overtook is no matter.
      if (error.name !== "NotAllowedError") return;
      if (this.#video.muted) this.#onStatus("Press play");
      else {
        this.#video.muted = true;
        await this.#play();
      }
    }
  }

  /** A connection may stay open and bring nothing. */
  #look(player, mpegts) {
    const { currentTime, paused } = this.#video;
    const nowMs = performance.now();
    if (paused || currentTime !== this.#lastTime) this.#lastAdvanceMs = nowMs;
    this.#lastTime = currentTime;
    if (nowMs - this.#lastAdvanceMs > STALL_MS) this.#again(player, mpegts, "No media arrives");
  }

  #again(player, mpegts, reason) {
    if (player !== this.#player) return;
    clearInterval(this.#watch);
    // Not from inside its own event.
    const run = this.#run;
    this.#player = null;
    queueMicrotask(() => destroy(player));
    this.#onStatus(`${reason}; trying again`);
    this.#timer = setTimeout(() => run === this.#run && this.#start(mpegts), this.#waitMs);
    this.#waitMs = Math.min(LONGEST_WAIT_MS, this.#waitMs * 2);
  }

  #destroy() {
    const player = this.#player;
    this.#player = null;
    if (player) destroy(player);
  }
}

function destroy(player) {
  try {
    player.destroy();
  } catch {
    // It had not come so far as to have something to destroy.
  }
}

function explain(kind, detail, info) {
  if (kind === "NetworkError") {
    const { code } = info ?? {};
    if (code === 404) return "No such stream there";
    if (code === 401 || code === 403) return "The server refuses to play it";
    return code > 0 ? `The server answered with HTTP status ${code}` : "The server is not reachable";
  }
  if (detail === "MediaMSEError") return "The browser cannot decode this stream";
  return kind === "MediaError" ? "The stream cannot be played" : "Playing failed";
}
