import { assertEquals, assertGreater, assertLess } from "../kit/assert.ts";
import { freePort } from "../kit/launcher.ts";
import { Browser, browserTest, Origin } from "./browser_rig.ts";

const WATCH_MS = 8000;
/** A player that a busy machine has made wait may take so long to catch up. */
const CATCH_UP_MS = 20_000;

const kinds: readonly [name: string, rows: string, mostBehindSeconds: number][] = [
  ["MPEG-TS", "hls_fragment 2;", 12],
  ["CMAF", "hls_fragment 2; hls_use_fmp4 on;", 12],
  ["low latency without sessions", "hls_fragment 2; hls_low_latency on; hls_part 200ms; hls_ctx off;", 3],
  ["low latency", "hls_fragment 2; hls_low_latency on; hls_part 200ms;", 3],
];

for (const [name, rows, mostBehindSeconds] of kinds) {
  browserTest(`HLS by hls.js: ${name}, on the player page of an edge's port of streams`, async () => {
    const hls = `hls { enabled on; ${rows} }`;
    await using origin = await Origin.start(freePort(), "", "", "", hls);
    await using edge = await Origin.start(freePort(), `mode remote; origin 127.0.0.1:${origin.rtmp};`, "", "", hls);
    await using _publisher = origin.publish("livestream");
    await using browser = await Browser.start();
    const { page } = browser;
    const missing: string[] = [];
    page.on("response", (answer) => {
      if (answer.status() >= 400) missing.push(`${answer.status()} ${answer.url()}`);
    });
    const query = `port=${edge.flv}&server=127.0.0.1&stream=livestream.m3u8`;
    await page.goto(`http://127.0.0.1:${edge.flv}/players/srs_player.html?${query}`);
    assertEquals(await page.locator("#url").inputValue(), `http://127.0.0.1:${edge.flv}/live/livestream.m3u8`);
    await page.locator("#player-status", { hasText: "Playing" }).waitFor({ timeout: 40_000 });
    const before = await look(browser);
    await page.waitForTimeout(WATCH_MS);
    const after = await look(browser);
    assertGreater(after.time - before.time, WATCH_MS / 1000 - 2, `stalls: ${JSON.stringify({ before, after })}`);
    assertEquals(after.width, 768);
    // To the end of what the playlist has told.
    let { time, end, dropped } = await look(browser);
    const first = end - time;
    for (let ms = 0; ms < CATCH_UP_MS && end - time >= mostBehindSeconds; ms += 500) {
      await page.waitForTimeout(500);
      ({ time, end, dropped } = await look(browser));
    }
    const line = `  HLS ${name}: ${(end - time).toFixed(2)} s behind the playlist (${first.toFixed(2)} at first), ` +
      `${dropped} pictures dropped\n`;
    Deno.stdout.writeSync(new TextEncoder().encode(line));
    assertLess(end - time, mostBehindSeconds);
    assertEquals(missing.filter((line) => !line.includes("/console/ ") && !line.endsWith("/console/")), []);
    assertEquals(browser.faults, []);
  });
}

interface Look {
  readonly time: number;
  /** To where there is something to play. */
  readonly end: number;
  readonly width: number;
  readonly dropped: number;
}

/** What the video element says of itself. */
async function look({ page }: Browser): Promise<Look> {
  // As text: the types of a browser are not those of this program.
  return await page.evaluate<Look>(`(() => {
    const video = document.querySelector("video");
    const { seekable, currentTime, videoWidth } = video;
    return {
      time: currentTime,
      end: seekable.length === 0 ? 0 : seekable.end(seekable.length - 1),
      width: videoWidth,
      dropped: video.getVideoPlaybackQuality().droppedVideoFrames,
    };
  })()`);
}
