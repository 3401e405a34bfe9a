import { assertEquals } from "../kit/assert.ts";
import { Browser, browserTest, Origin } from "./browser_rig.ts";

browserTest("/player plays on the port of viewers without asking the API", async () => {
  await using origin = await Origin.start(undefined, "", "enabled on; username admin; password secret;");
  await using browser = await Browser.start();
  const { page } = browser;
  await using _publisher = origin.publish("livestream");
  const asked: string[] = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await page.goto(`http://127.0.0.1:${origin.flv}/player?stream=live/livestream`);
  await page.locator("#player-status", { hasText: "Playing" }).waitFor();
  assertEquals(asked.filter((path) => path.includes("/api/")), []);
  assertEquals(await page.locator("nav").isVisible(), false);
  assertEquals(browser.faults, []);
});

browserTest("an empty console tells how to publish", async () => {
  await using origin = await Origin.start();
  await using browser = await Browser.start();
  const { page } = browser;
  await page.goto(`http://127.0.0.1:${origin.api}/console/`);
  const hint = page.locator("#publish-hint");
  await hint.locator("code", { hasText: `rtmp://127.0.0.1:${origin.rtmp}/live` }).first().waitFor();
  assertEquals(await hint.locator("button").count(), 4);
  await hint.locator("button").first().click();
  await hint.locator("button", { hasText: /Copied|Press Ctrl-C/ }).waitFor();
  assertEquals(browser.faults, []);
});
