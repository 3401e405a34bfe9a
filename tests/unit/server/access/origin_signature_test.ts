import { loadConfig, requireConfig, type VhostConfig } from "../../../../src/config/mod.ts";
import { parseStreamUrl, withVhost } from "../../../../src/rtmp/url.ts";
import { addressForOrigin } from "../../../../src/server/access/origin_signature.ts";
import { checkSignature, signUrl } from "../../../../src/server/access/signed_url.ts";
import { assertEquals, assertRejects } from "../../../kit/assert.ts";

const NOW_S = 1_700_000_000;

function vhostOf(directives: string, name = "__defaultVhost__"): VhostConfig {
  const text = `listen 1935; vhost ${name} { ${directives} }`;
  return requireConfig(loadConfig({ path: "t.conf", text })).vhosts[0]!;
}

async function signed(key: string, expireS: number, vhost = "__defaultVhost__") {
  const url = withVhost(parseStreamUrl("rtmp://h/live", "s"), vhost);
  const sign = await signUrl(key, url.key, String(expireS), "play");
  return { ...url, query: `?a=1&expire=${expireS}&sign=${sign}&b=2` };
}

const play = "signed_url { play on; key new old; }";

Deno.test("a signature that is good for a while is the client's own", async () => {
  const url = await signed("old", NOW_S + 61);
  assertEquals(addressForOrigin(vhostOf(play), url, "play", NOW_S * 1000), url);
});

Deno.test("an address whose signature has expired is signed again, with the same key and other parameters untouched", async () => {
  for (const key of ["new", "old"]) {
    const url = await addressForOrigin(vhostOf(play), await signed(key, NOW_S + 30), "play", NOW_S * 1000);
    await checkSignature([key], url, "play", (NOW_S + 299) * 1000);
    await assertRejects(() => checkSignature([key], url, "play", (NOW_S + 301) * 1000));
    await assertRejects(() => checkSignature([key], url, "publish", NOW_S * 1000));
    assertEquals(url.query.replace(/\d{10}/, "TIME").replace(/[\da-f]{64}/, "HEX"), "?a=1&b=2&expire=TIME&sign=HEX");
  }
});

Deno.test("the origin may know the stream by another vhost", async () => {
  const vhost = vhostOf(`${play} cluster { mode remote; origin h; vhost up.[vhost]; }`, "a.com");
  const url = await addressForOrigin(vhost, await signed("new", NOW_S, "a.com"), "play", NOW_S * 1000);
  await checkSignature(["new"], withVhost(url, "up.a.com"), "play", NOW_S * 1000);
  await assertRejects(() => checkSignature(["new"], url, "play", NOW_S * 1000));
});

Deno.test("a server that does not judge signatures passes on what it was given", async () => {
  const url = await signed("new", NOW_S - 100);
  for (const directives of ["signed_url { publish on; key new; }", ""]) {
    assertEquals(addressForOrigin(vhostOf(directives), url, "play", NOW_S * 1000), url);
  }
});
