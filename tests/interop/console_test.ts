import type { Page } from "playwright-core";
import { assertEquals, assertGreater, assertMatch, assertStringIncludes } from "../kit/assert.ts";
import { freePort, until } from "../kit/launcher.ts";
import { Publisher } from "../kit/server/rtmp_rig.ts";
import { Browser, browserTest, Origin } from "./browser_rig.ts";

/** A name as an attacker would choose it: run as markup, it changes the page's title. */
const hostile = "<img src=x onerror=document.title=1>";

function streamRow(page: Page, key: string) {
  return page.locator("#streams tbody tr", { has: page.locator("th bdi", { hasText: key }) });
}

/** Text of every cell by the title of its column. */
async function cellsOf(page: Page, key: string): Promise<Record<string, string>> {
  const cells = streamRow(page, key).locator("td[data-title]");
  const entries: [string, string][] = [];
  for (const cell of await cells.all()) {
    entries.push([await cell.getAttribute("data-title") ?? "", await cell.innerText()]);
  }
  return Object.fromEntries(entries);
}

browserTest("the console shows a stream in Chromium and kicks its publisher", async () => {
  await using origin = await Origin.start();
  await using publisher = origin.publish("livestream");
  await using browser = await Browser.start();
  const { page } = browser;
  await page.goto(`http://127.0.0.1:${origin.api}/console`);
  await streamRow(page, "/live/livestream").waitFor();
  await page.locator("#streams", { hasText: /\d+ kbit\/s/ }).waitFor();
  const cells = await cellsOf(page, "/live/livestream");
  assertEquals(cells.Owner, `127.0.0.1:${origin.api}`);
  assertStringIncludes(cells.Video!, "768×320");
  assertStringIncludes(cells.Audio!, "AAC 44.1 kHz");
  assertGreater(parseInt(cells.Frames!), 0);
  assertEquals(await page.locator("#live-text").innerText(), "Live");

  // By keyboard alone; first the harmless answer, which must do nothing and bring the focus back.
  const kick = page.getByRole("button", { name: "Kick publishes 127.0.0.1 of /live/livestream" });
  await kick.focus();
  await page.keyboard.press("Enter");
  await page.getByRole("dialog", { name: "Kick this client?" }).waitFor();
  await page.keyboard.press("Enter");
  // Longer than a poll: a refresh must not take the focus away.
  await page.waitForTimeout(2500);
  assertEquals(
    await page.evaluate("document.activeElement.getAttribute('aria-label')"),
    "Kick publishes 127.0.0.1 of /live/livestream",
  );
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await publisher.status(10_000);
  assertMatch(origin.program.output, /HTTP API: DELETE \S+ by 127\.0\.0\.1 \(this machine\)/);
  await page.getByText("No streams. Publish one").waitFor();
  assertStringIncludes(await page.locator("#notice").innerText(), "was kicked");

  await origin.program[Symbol.asyncDispose]();
  await page.getByRole("alert").filter({ hasText: "not reachable" }).waitFor();
  assertEquals(browser.faults, []);
});

browserTest(
  "the console says that a password is needed, asks for it once, and shows what is wrong elsewhere",
  async () => {
    await using origin = await Origin.start(freePort(), "", "enabled on; username admin; password secret;");
    await using browser = await Browser.start();
    const { page } = browser;
    let asked = 0;
    page.on("response", (response) => asked += response.status() === 401 ? 1 : 0);
    await page.goto(`http://127.0.0.1:${origin.api}/console/`);
    await page.getByRole("alert").filter({ hasText: "asks for a user name and password" }).waitFor();
    await page.waitForTimeout(3000);
    assertEquals(asked, 1);
    await page.getByLabel("Show another server").fill("no such address");
    await page.keyboard.press("Enter");
    await page.getByText("Not an address").waitFor();
    await page.getByLabel("Show another server").fill(`127.0.0.1:${origin.rtmp}`);
    await page.keyboard.press("Enter");
    await page.locator("#servers tbody tr", { hasText: `:${origin.rtmp}` }).getByText("not reachable").waitFor();
    await page.setExtraHTTPHeaders({ authorization: `Basic ${btoa("admin:secret")}` });
    await page.locator("#sign-in").click();
    await page.locator("#live-text", { hasText: "Live" }).waitFor();
    assertEquals(browser.faults, []);
  },
);

browserTest("names that peers choose are text in the console", async () => {
  await using origin = await Origin.start();
  using _publisher = await Publisher.start(origin.rtmp, hostile);
  await using browser = await Browser.start();
  const { page } = browser;
  // Whatever else a server could answer, if it were not ours.
  for (const path of ["streams", "clients"]) {
    await page.route(`**/api/v1/${path}/**`, async (route) => {
      // Not by `route.fetch`, which needs more of Node than Deno 2.4 has.
      const body = await (await fetch(route.request().url())).json();
      for (const entry of body[path]) {
        // The server took the spaces out of the name; without them it would not be markup.
        Object.assign(entry, {
          url: `/live/${hostile}`,
          ip: hostile,
          type: hostile,
          publish: false,
          audio: { codec: hostile, channel: hostile },
        });
        entry.video = { codec: hostile, profile: hostile, width: hostile, height: hostile };
      }
      await route.fulfill({ json: body });
    });
  }
  await page.route("**/api/v1/edges", (route) =>
    route.fulfill({
      json: {
        code: 0,
        data: {
          pulls: [{ url: hostile, upstream: hostile, switches: hostile, last_error: hostile }],
          origins: [{ origin: hostile, pulls: 1, failures: 0, rest_ms: 0, last_error: hostile }],
        },
      },
    }));
  await page.goto(`http://127.0.0.1:${origin.api}/console/`);
  for (const id of ["streams", "clients", "pulls", "upstreams"]) {
    await page.locator(`#${id} tbody`, { hasText: hostile }).waitFor();
  }
  await page.getByRole("button", { name: `Play /live/${hostile}` }).click();
  await page.locator("#player", { hasText: hostile }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: /^Kick/ }).first().click();
  await page.locator("#confirm", { hasText: hostile }).waitFor();
  assertEquals(await page.locator("main img, dialog img").count(), 0);
  assertEquals([await page.title(), browser.faults], ["srs-ts console", []]);
});

/** What the page's video element tells. */
async function playback({ page }: Browser): Promise<{ seconds: number; frames: number }> {
  const [seconds, frames] = await page.evaluate<[number, number]>(
    "[video.currentTime, video.getVideoPlaybackQuality().totalVideoFrames]",
  );
  return { seconds, frames };
}

/** Waits until the picture has moved on for a second. */
async function waitForPictures(browser: Browser): Promise<void> {
  const isPast = (from: number) =>
    until(async () => (await playback(browser)).seconds > from, 20_000, () => `pictures after ${from} s`);
  await isPast(0);
  await isPast((await playback(browser)).seconds + 1);
  // A busy machine paints fewer of them than it plays.
  await until(async () => (await playback(browser)).frames > 20, 20_000, () => "20 pictures");
}

browserTest("the console's player shows what HTTP-FLV brings, and goes on when the stream comes back", async () => {
  await using origin = await Origin.start();
  await using publisher = origin.publish("livestream");
  await using browser = await Browser.start();
  const { page } = browser;
  const status = page.locator("#player-status");
  await page.goto(`http://127.0.0.1:${origin.api}/console/`);
  await page.getByRole("button", { name: "Play /live/livestream" }).click();
  await waitForPictures(browser);
  assertEquals(await status.innerText(), "Playing");
  await page.locator("#player-size", { hasText: "768×320" }).waitFor();
  await publisher[Symbol.asyncDispose]();
  await status.filter({ hasText: "trying again" }).waitFor();
  await using _next = origin.publish("livestream");
  await status.filter({ hasText: "Playing" }).waitFor();
  await waitForPictures(browser);
  assertEquals(browser.faults, []);
});

browserTest("the console drains another server, and shows it until it has stopped", async () => {
  const [apiA, apiB] = [freePort(), freePort()];
  await using originA = await Origin.start(apiA, `origin_cluster on; coworkers 127.0.0.1:${apiB};`);
  await using _originB = await Origin.start(apiB, `origin_cluster on; coworkers 127.0.0.1:${apiA};`);
  // It stays until it is cut off.
  using _publisher = await Publisher.start(originA.rtmp, "s");
  await using browser = await Browser.start();
  const { page } = browser;
  await page.goto(`http://127.0.0.1:${apiB}/console/`);
  const drain = page.getByRole("button", { name: `Drain 127.0.0.1:${apiA}` });
  await drain.click();
  const question = page.getByRole("dialog", { name: "Drain this server?" });
  await question.filter({ hasText: `127.0.0.1:${apiA}` }).waitFor();
  await page.keyboard.press("Escape");
  await page.waitForTimeout(500);
  assertEquals(originA.program.output.includes("graceful stop"), false);
  await drain.click();
  await question.getByRole("button", { name: "Drain" }).click();
  await page.locator("#notice", { hasText: `127.0.0.1:${apiA} is being drained` }).waitFor();
  await originA.program.prints("waiting for clients: 1", 10_000);
  const row = page.locator("#servers tbody tr", { hasText: `:${apiA}` });
  await page.waitForTimeout(1500);
  assertEquals(await row.getByText("up", { exact: true }).count(), 1);
  assertEquals((await originA.program.status(10_000)).code, 0);
  assertStringIncludes(originA.program.output, "HTTP API: POST /api/v1/drain by 127.0.0.1 (this machine)");
  await row.getByText("not reachable").waitFor();
  assertEquals(browser.faults, []);
});

browserTest("srs_player.html plays by the query of SRS", async () => {
  await using origin = await Origin.start();
  await using _publisher = origin.publish("livestream");
  await using browser = await Browser.start();
  const { page } = browser;
  const query = `autostart=true&server=127.0.0.1&port=${origin.flv}&app=live&stream=livestream.flv&schema=http`;
  await page.goto(`http://127.0.0.1:${origin.api}/players/srs_player.html?${query}`);
  assertEquals(await page.locator("#url").inputValue(), `http://127.0.0.1:${origin.flv}/live/livestream.flv`);
  await waitForPictures(browser);
  assertEquals(browser.faults, []);
});

browserTest("a stream that moves to another origin keeps playing from the first", async () => {
  const [apiA, apiB] = [freePort(), freePort()];
  await using originA = await Origin.start(apiA, `origin_cluster on; coworkers 127.0.0.1:${apiB};`);
  await using originB = await Origin.start(apiB, `origin_cluster on; coworkers 127.0.0.1:${apiA};`);
  await using publisher = originA.publish("livestream");
  await using browser = await Browser.start();
  const { page } = browser;
  await page.goto(`http://127.0.0.1:${apiA}/console/`);
  await page.getByRole("rowheader", { name: `127.0.0.1:${apiB}` }).waitFor();
  await page.getByRole("button", { name: "Play /live/livestream" }).click();
  // There is nothing to choose while the page knows of one place only, which is the owner.
  const places = page.locator("#player-from");
  if (await places.isVisible()) await places.selectOption({ label: `127.0.0.1:${apiA}, origin` });
  await waitForPictures(browser);
  await publisher[Symbol.asyncDispose]();
  await using _moved = originB.publish("livestream");
  await page.locator("#streams td[data-title=Owner]", { hasText: `:${apiB}` }).waitFor();
  await waitForPictures(browser);
  assertEquals(await page.locator("#player-url").innerText(), `http://127.0.0.1:${originA.flv}/live/livestream.flv`);
  assertEquals(browser.faults, []);
});
