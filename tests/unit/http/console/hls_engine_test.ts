import { assert, assertEquals, assertLess } from "../../../kit/assert.ts";

interface HlsConfig {
  readonly maxLiveSyncPlaybackRate: number;
  readonly liveSyncOnStallIncrease: number;
  liveMaxLatencyDuration?: number;
}

interface Details {
  readonly partTarget: number;
  readonly partHoldBack: number;
  readonly targetduration: number;
}

/** What the player page needs of hls.js. */
class FakeHls {
  static readonly Events = { ERROR: "error", LEVEL_LOADED: "levelLoaded" };
  static made: FakeHls | null = null;
  readonly config: HlsConfig;
  readonly #listeners = new Map<string, (event: string, data: unknown) => void>();

  constructor(config: HlsConfig) {
    this.config = config;
    FakeHls.made = this;
  }

  static isSupported(): boolean {
    return true;
  }

  on(event: string, listener: (event: string, data: unknown) => void): void {
    this.#listeners.set(event, listener);
  }

  emit(event: string, data: unknown): void {
    this.#listeners.get(event)?.(event, data);
  }

  loadSource(): void {}
  attachMedia(): void {}
  destroy(): void {}
}

/** The page's hls.js, with what a browser has around it. */
async function startPlayer(): Promise<FakeHls> {
  const page = {
    MediaSource: class {},
    document: {
      createElement: () => ({ onload: () => {} }),
      head: {
        append(script: { onload(): void }) {
          Object.assign(globalThis, { Hls: FakeHls });
          script.onload();
        },
      },
    },
  };
  Object.assign(globalThis, page);
  const { chooseEngine } = await import("../../../../src/http/console/page/engines.js");
  const video = { canPlayType: () => "" };
  const engine = await chooseEngine("http://10.0.0.1:8080/live/s.m3u8", video);
  engine.start(video, "http://10.0.0.1:8080/live/s.m3u8", { onEnd: () => {} });
  for (const name of ["MediaSource", "document", "Hls"]) Reflect.deleteProperty(globalThis, name);
  assert(FakeHls.made !== null);
  return FakeHls.made;
}

/**
 * hls.js 1.7 plays faster while the latency is less than its target and `min(liveMaxLatencyDuration, target + target duration)`,
 * and seeks beyond `liveMaxLatencyDuration`. Each stall adds to the target, up to a target duration.
 */
Deno.test("a player of low latency catches up however far behind it is, and stalls do not leave it behind", async () => {
  const hls = await startPlayer();
  for (
    const details of [
      { partTarget: 0.2, partHoldBack: 0.6, targetduration: 2 },
      { partTarget: 1, partHoldBack: 3, targetduration: 6 },
    ] satisfies Details[]
  ) {
    hls.emit(FakeHls.Events.LEVEL_LOADED, { details });
    const { liveMaxLatencyDuration: most = Infinity, liveSyncOnStallIncrease, maxLiveSyncPlaybackRate } = hls.config;
    const { partHoldBack: target, targetduration } = details;
    assert(maxLiveSyncPlaybackRate > 1);
    // Between the two, a player would stay behind for ever.
    assert(most <= target + Math.min(most, target + targetduration), `${most}`);
    // It has something to seek to.
    assert(most > 2 * target, `${most}`);
    assertLess(target + 3 * liveSyncOnStallIncrease, most);
  }
});

Deno.test("a player without low latency never seeks by itself", async () => {
  const hls = await startPlayer();
  hls.emit(FakeHls.Events.LEVEL_LOADED, { details: { partTarget: 0, partHoldBack: 0, targetduration: 10 } });
  assertEquals(hls.config.liveMaxLatencyDuration, undefined);
});
