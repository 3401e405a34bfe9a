import type { Page } from "playwright-core";
import {
  assertEquals,
  assertGreater,
  assertLess,
  assertMatch,
  assertNotEquals,
  assertStringIncludes,
} from "../kit/assert.ts";
import { fakeClusterAnswer } from "../kit/peers/fake_cluster.ts";
import { freePort, until } from "../kit/launcher.ts";
import { Publisher, Viewer } from "../kit/server/rtmp_rig.ts";
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
  assertEquals(cells.From, "published here");
  assertStringIncludes(cells.Video!, "768×320");
  assertStringIncludes(cells.Audio!, "AAC 44.1 kHz");
  assertGreater(parseInt(cells.Frames!), 0);
  assertEquals(await page.locator("#live-text").innerText(), "Healthy");
  await page.getByRole("link", { name: "Clients", exact: true }).click();

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
  await page.getByText("Nobody is connected.").waitFor();
  assertStringIncludes(await page.locator("#notice").innerText(), "was kicked");

  await origin.program[Symbol.asyncDispose]();
  await page.getByRole("alert").filter({ hasText: "not reachable" }).waitFor();
  assertEquals(browser.faults, []);
});

browserTest(
  "the console says that a password is needed, and asks for it once",
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
    await page.setExtraHTTPHeaders({ authorization: `Basic ${btoa("admin:secret")}` });
    await page.locator("#sign-in").click();
    await page.locator("#live-text", { hasText: "Healthy" }).waitFor();
    assertEquals(browser.faults, []);
  },
);

/** An entry of a list as a server could answer it, if it were not ours. */
function hostileEntry(entry: Record<string, unknown>): Record<string, unknown> {
  // The server took the spaces out of the name; without them it would not be markup.
  return {
    ...entry,
    url: `/live/${hostile}`,
    ip: hostile,
    type: hostile,
    publish: "publish" in entry && typeof entry.publish === "object" ? entry.publish : false,
    upstream: hostile,
    video: { codec: hostile, profile: hostile, width: hostile, height: hostile },
    audio: { codec: hostile, channel: hostile },
    frames: hostile,
    viewers: hostile,
  };
}

const hostileLists: Record<string, Record<string, unknown>> = {
  pulls: {
    rows: [{ url: hostile, upstream: hostile, state: hostile, switches: hostile, last_error: hostile }],
    origins: [{ origin: hostile, pulls: 1, failures: 0, rest_ms: 0, last_error: hostile, last_error_at: hostile }],
  },
  events: {
    rows: [
      { id: 1, at_ms: hostile, kind: hostile, subject: hostile, detail: hostile },
      { id: 2, at_ms: 1, kind: "constructor", subject: hostile, detail: hostile },
    ],
  },
};

browserTest("names that peers choose are text in the console", async () => {
  await using origin = await Origin.start();
  using _publisher = await Publisher.start(origin.rtmp, hostile);
  await using browser = await Browser.start();
  const { page } = browser;
  await page.route("**/console/api/list/*", async (route) => {
    const url = route.request().url();
    const name = new URL(url).pathname.split("/").at(-1)!;
    // Not by `route.fetch`, which needs more of Node than Deno 2.4 has.
    const body = await (await fetch(url)).json();
    const data = hostileLists[name] ?? { rows: body.data.rows.map(hostileEntry) };
    await route.fulfill({ json: { ...body, data: { ...body.data, ...data, found: 1, total: 1 } } });
  });
  await page.route("**/api/v1/cluster", (route) => {
    const answer = fakeClusterAnswer({ origins: 3, edges: 1, down: 1, suffix: hostile }, Date.now());
    return route.fulfill({ json: answer });
  });
  await page.goto(`http://127.0.0.1:${origin.api}/console/`);
  for (const id of ["servers", "problems", "server-field", "streams", "clients", "pulls", "upstreams", "events"]) {
    if (["clients", "pulls", "events"].includes(id)) await page.locator(`.tabs a[href="#${id}"]`).click();
    await page.locator(`#${id}`, { hasText: hostile }).waitFor();
  }
  await page.locator('.tabs a[href="#streams"]').click();
  await page.getByRole("button", { name: `Play /live/${hostile}` }).click();
  await page.locator("#player", { hasText: hostile }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: /^Drain/ }).first().click();
  await page.locator("#confirm", { hasText: hostile }).waitFor();
  await page.keyboard.press("Escape");
  assertEquals(await page.locator("main img, dialog img").count(), 0);
  assertEquals([await page.title(), browser.faults], ["srs-ts console", []]);
});

browserTest("the console counts people, labels servers, and offers no server to be kicked like a viewer", async () => {
  await using origin = await Origin.start();
  await using edge = await Origin.start(freePort(), `mode remote; origin 127.0.0.1:${origin.rtmp};`);
  await using _publisher = origin.publish("livestream");
  using viewer = await Viewer.start(edge.rtmp, "livestream");
  await viewer.waitForFrames(5);
  await using browser = await Browser.start();
  const { page } = browser;
  await page.goto(`http://127.0.0.1:${origin.api}/console/`);
  await page.locator("#total-viewers", { hasText: "1" }).waitFor();
  await streamRow(page, "/live/livestream").waitFor();
  assertEquals((await cellsOf(page, "/live/livestream")).Viewers, "0\n1 server");
  const server = (api: number) => page.locator("#servers tbody tr", { hasText: `127.0.0.1:${api}` });
  const viewersOf = (api: number) => server(api).locator("td[data-title=Viewers]").innerText();
  assertEquals([await viewersOf(origin.api), await viewersOf(edge.api)], ["0", "1"]);
  assertEquals(await server(edge.api).locator("td[data-title=Role]").innerText(), "edge");
  await page.locator('.tabs a[href="#clients"]').click();
  const client = (text: string) => page.locator("#clients tbody tr", { hasText: text });
  await client(`server 127.0.0.1:${edge.api}`).waitFor();
  assertEquals(await client(`server 127.0.0.1:${edge.api}`).getByRole("button").isVisible(), false);
  assertEquals(await client("publishes").getByRole("button").isVisible(), true);
  assertEquals(browser.faults, []);
});

browserTest("the console's header is red while a coworker is down, and green when it is back", async () => {
  const [apiA, apiB] = [freePort(), freePort()];
  await using _originA = await Origin.start(apiA, `origin_cluster on; coworkers 127.0.0.1:${apiB};`);
  await using browser = await Browser.start();
  const { page } = browser;
  const live = page.locator("#live");
  const color = () => page.evaluate<string>("getComputedStyle(document.querySelector('#live .dot')).backgroundColor");
  await page.goto(`http://127.0.0.1:${apiA}/console/`);
  await live.filter({ hasText: "1 of 2 servers down" }).waitFor();
  const red = await color();
  assertMatch(red, /^rgb\(1\d\d, \d\d, \d\d\)$/);
  await page.getByRole("alert").filter({ hasText: `127.0.0.1:${apiB}` }).filter({ hasText: "refused" }).waitFor();
  assertEquals(await page.locator("#up-servers").innerText(), "1 of 2");
  await using _originB = await Origin.start(apiB, `origin_cluster on; coworkers 127.0.0.1:${apiA};`);
  await page.locator("#live[data-state=up]", { hasText: "All 2 servers up" }).waitFor();
  assertNotEquals(await color(), red);
  assertEquals(await page.getByRole("alert").count(), 0);
  assertEquals(browser.faults, []);
});

browserTest("a tab asks its own server alone, once for the cluster and once for the open list", async () => {
  const apis = [freePort(), freePort(), freePort()];
  const cluster = `origin_cluster on; coworkers ${apis.map((api) => `127.0.0.1:${api}`).join(" ")};`;
  await using stack = new AsyncDisposableStack();
  for (const origin of await Promise.all(apis.map((api) => Origin.start(api, cluster)))) stack.use(origin);
  await using browser = await Browser.start();
  const { page } = browser;
  await page.goto(`http://127.0.0.1:${apis[0]}/console/`);
  await page.locator("#up-servers", { hasText: "3" }).waitFor();
  await page.getByLabel("Of server").selectOption({ label: `127.0.0.1:${apis[1]}` });
  await page.waitForTimeout(2500);
  const asked: string[] = [];
  page.on("request", (request) => asked.push(new URL(request.url()).host + new URL(request.url()).pathname));
  await page.waitForTimeout(10_000);
  const own = `127.0.0.1:${apis[0]}`;
  assertEquals(new Set(asked), new Set([`${own}/api/v1/cluster`, `${own}/console/api/list/streams`]));
  assertGreater(asked.length, 7);
  assertLess(asked.length, 13);
  assertEquals(browser.faults, []);
});

browserTest(
  "a poll of 120 servers costs as much, and their table is filtered, sorted and turned page by page",
  async () => {
    await using origin = await Origin.start();
    await using browser = await Browser.start();
    const { page } = browser;
    let asked = 0;
    page.on("request", () => asked++);
    await page.route(
      "**/api/v1/cluster",
      (route) => route.fulfill({ json: fakeClusterAnswer({ origins: 20, edges: 100, down: 2 }, Date.now()) }),
    );
    await page.goto(`http://127.0.0.1:${origin.api}/console/`);
    await page.locator("#live[data-state=down]", { hasText: "2 of 120 servers down" }).waitFor();
    const rows = page.locator("#servers tbody tr");
    assertEquals(await rows.count(), 50);
    // What needs somebody comes first.
    assertStringIncludes(await rows.nth(1).innerText(), "down");
    await page.locator("#servers").getByRole("button", { name: "Next" }).click();
    await page.locator("#servers .pager", { hasText: "51–100 of 120" }).waitFor();
    await page.locator("#servers").getByRole("button", { name: "Viewers" }).click();
    await page.locator("#servers .pager", { hasText: "1–50 of 120" }).waitFor();
    const viewers = await rows.locator("td[data-title=Viewers]").allInnerTexts();
    assertEquals(
      viewers,
      viewers.toSorted((a, b) => Number(b) - Number(a)),
    );
    await page.locator("#servers").getByLabel("Filter").fill("10.0.0.");
    await page.locator("#servers .pager", { hasText: "1–20 of 20 (of 120)" }).waitFor();
    assertEquals(
      [await rows.count(), await page.locator("#servers td[data-title=Role]", { hasText: "edge" }).count()],
      [20, 0],
    );
    const before = asked;
    await page.waitForTimeout(10_000);
    assertLess(asked - before, 13);
    for (const width of [390, 1280]) {
      await page.setViewportSize({ width, height: 844 });
      assertEquals(await page.evaluate("document.documentElement.scrollWidth"), width);
    }
    assertEquals(browser.faults, []);
  },
);

browserTest("the history of ten minutes and the events outlast a reload of the page", async () => {
  await using origin = await Origin.start();
  using publisher = await Publisher.start(origin.rtmp, "s");
  await using browser = await Browser.start();
  const { page } = browser;
  const curve = () => page.locator("#total-streams .spark-line").getAttribute("d");
  await page.goto(`http://127.0.0.1:${origin.api}/console/#events`);
  await page.locator("#events tbody tr", { hasText: "published" }).waitFor();
  publisher[Symbol.dispose]();
  await page.locator("#events tbody tr", { hasText: "ended" }).waitFor();
  await until(async () => (await curve())?.split("L").length === 4, 30_000, () => "four samples");
  await page.reload();
  await page.locator("#events tbody tr", { hasText: "published" }).waitFor();
  assertGreater((await curve())!.split("L").length, 3);
  assertEquals(browser.faults, []);
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
  await row.getByText("draining", { exact: true }).waitFor();
  assertEquals((await originA.program.status(10_000)).code, 0);
  assertStringIncludes(originA.program.output, "HTTP API: POST /api/v1/drain by 127.0.0.1 (this machine)");
  await row.getByText("down", { exact: true }).waitFor();
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
  await waitForPictures(browser);
  await publisher[Symbol.asyncDispose]();
  await using _moved = originB.publish("livestream");
  await page.locator("#streams td[data-title=From]", { hasText: `pulled from 127.0.0.1:${originB.rtmp}` }).waitFor();
  await waitForPictures(browser);
  assertEquals(await page.locator("#player-url").innerText(), `http://127.0.0.1:${originA.flv}/live/livestream.flv`);
  assertEquals(browser.faults, []);
});
