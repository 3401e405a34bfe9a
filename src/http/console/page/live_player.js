import { chooseEngine } from "./engines.js";

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 5000;
/** An HLS player waits for segments: streams with long ones begin late. */
const STALL_MS = { flv: 8000, hls: 30_000 };

/** Plays one stream in a video element, and connects again whenever it ends: a stream may move or come back. */
export class LivePlayer {
  #video;
  #onStatus;
  /** Ends what plays now; null while nothing does. */
  #end = null;
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

  /** @param url Of HTTP-FLV, or of HLS where the path ends with `.m3u8`. */
  async play(url) {
    this.stop();
    const run = ++this.#run;
    this.#onStatus("Connecting");
    try {
      const engine = await chooseEngine(url, this.#video);
      if (run === this.#run) this.#start(engine);
    } catch (error) {
      if (run === this.#run) this.#onStatus(`Cannot play: ${error.message}`);
    }
  }

  stop() {
    this.#run++;
    clearTimeout(this.#timer);
    clearInterval(this.#watch);
    this.#destroy(this.#end);
    this.#waitMs = FIRST_WAIT_MS;
  }

  #start(engine) {
    let end = null;
    let isOver = false;
    const onEnd = (reason) => {
      if (isOver) return;
      isOver = true;
      this.#again(engine, end, reason);
    };
    this.#end = end = engine.start(this.#video, engine.url, { onEnd });
    this.#play();
    this.#lastAdvanceMs = performance.now();
    const stallMs = /\.m3u8(?:$|[?#])/.test(engine.url) ? STALL_MS.hls : STALL_MS.flv;
    this.#watch = setInterval(() => this.#look(stallMs, onEnd), 1000);
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
  #look(stallMs, onEnd) {
    const { currentTime, paused } = this.#video;
    const nowMs = performance.now();
    if (paused || currentTime !== this.#lastTime) this.#lastAdvanceMs = nowMs;
    this.#lastTime = currentTime;
    if (nowMs - this.#lastAdvanceMs > stallMs) onEnd("No media arrives");
  }

  #again(engine, end, reason) {
    if (end !== this.#end) return;
    clearInterval(this.#watch);
    const run = this.#run;
    // Not from inside its own event.
    this.#end = null;
    queueMicrotask(() => this.#destroy(end));
    this.#onStatus(`${reason}; trying again`);
    this.#timer = setTimeout(() => run === this.#run && this.#start(engine), this.#waitMs);
    this.#waitMs = Math.min(LONGEST_WAIT_MS, this.#waitMs * 2);
  }

  #destroy(end) {
    if (end === this.#end) this.#end = null;
    try {
      end?.();
    } catch {
      // It had not come so far as to have something to destroy.
    }
  }
}
