import { createHmac } from "node:crypto";
import { RequestDenied } from "../../../../src/base/errors.ts";
import { parseStreamUrl, withVhost } from "../../../../src/rtmp/url.ts";
import type { AccessKind } from "../../../../src/server/access/security.ts";
import { checkSignature, signUrl } from "../../../../src/server/access/signed_url.ts";
import { assertEquals, assertRejects } from "../../../kit/assert.ts";

const NOW_MS = 1_700_000_000_000;
const LATER = "1700000060";

function sign(key: string, text: string): string {
  return createHmac("sha256", key).update(text).digest("hex");
}

function urlOf(name: string, vhost = "__defaultVhost__") {
  return withVhost(parseStreamUrl("rtmp://h/live", name), vhost);
}

async function verdict(keys: string[], name: string, kind: AccessKind = "play", vhost?: string): Promise<string> {
  try {
    await checkSignature(keys, urlOf(name, vhost), kind, NOW_MS);
    return "pass";
  } catch (error) {
    if (error instanceof RequestDenied) return error.message;
    throw error;
  }
}

const NONE = "the address has no valid signature for play";
const good = sign("k1", `/live/s-${LATER}-play`);

Deno.test("signUrl() is HMAC-SHA256 of stream, expiry and kind", async () => {
  assertEquals(await signUrl("k1", "/live/s", LATER, "play"), good);
});

const cases: [what: string, keys: string[], name: string, expected: string][] = [
  ["a good address", ["k1"], `s?expire=${LATER}&sign=${good}`, "pass"],
  ["other parameters in between", ["k1"], `s?a=b&sign=${good}&c=d&expire=${LATER}`, "pass"],
  ["capital digits", ["k1"], `s?expire=${LATER}&sign=${good.toUpperCase()}`, "pass"],
  ["a name with a suffix of HTTP mounts", ["k1"], `s.flv?expire=${LATER}&sign=${good}`, "pass"],
  ["the older of two keys", ["k2", "k1"], `s?expire=${LATER}&sign=${good}`, "pass"],
  ["the newer of two keys", ["k1", "k2"], `s?expire=${LATER}&sign=${good}`, "pass"],
  ["a key that has gone", ["k2"], `s?expire=${LATER}&sign=${good}`, NONE],
  ["no keys", [], `s?expire=${LATER}&sign=${good}`, NONE],
  ["an empty key", [""], `s?expire=${LATER}&sign=${sign("", `/live/s-${LATER}-play`)}`, NONE],
  ["another stream", ["k1"], `t?expire=${LATER}&sign=${good}`, NONE],
  ["a later expiry", ["k1"], `s?expire=${LATER}0&sign=${good}`, NONE],
  ["a signature to publish", ["k1"], `s?expire=${LATER}&sign=${sign("k1", `/live/s-${LATER}-publish`)}`, NONE],
  ["no expiry", ["k1"], `s?sign=${sign("k1", "/live/s--play")}`, NONE],
  ["an expiry that is no number", ["k1"], `s?expire=1e99&sign=${sign("k1", "/live/s-1e99-play")}`, NONE],
  ["no signature", ["k1"], `s?expire=${LATER}`, NONE],
  ["half a signature", ["k1"], `s?expire=${LATER}&sign=${good.slice(0, 32)}`, NONE],
  ["no parameters", ["k1"], "s", NONE],
  [
    "an expired address",
    ["k1"],
    `s?expire=1699999999&sign=${sign("k1", "/live/s-1699999999-play")}`,
    "the signed address has expired",
  ],
  // Whether an address has expired is told only to those who had leave.
  ["an expired address with a wrong signature", ["k1"], `s?expire=1699999999&sign=${good}`, NONE],
  ["the last moment", ["k1"], `s?expire=1700000000&sign=${sign("k1", "/live/s-1700000000-play")}`, "pass"],
];

for (const [what, keys, name, expected] of cases) {
  Deno.test(`checkSignature() judges ${what}`, async () => assertEquals(await verdict(keys, name), expected));
}

Deno.test("checkSignature() tells vhosts apart", async () => {
  assertEquals(await verdict(["k1"], `s?expire=${LATER}&sign=${good}`, "play", "a.com"), NONE);
  const own = sign("k1", `a.com/live/s-${LATER}-play`);
  assertEquals(await verdict(["k1"], `s?expire=${LATER}&sign=${own}`, "play", "a.com"), "pass");
});

Deno.test("checkSignature() refuses no bit of the signature to be wrong, and tells nothing of the right one", async () => {
  for (let digit = 0; digit < 64; digit++) {
    const other = good.slice(0, digit) + (good[digit] === "0" ? "1" : "0") + good.slice(digit + 1);
    const check = () => checkSignature(["k1"], urlOf(`s?expire=${LATER}&sign=${other}`), "play", NOW_MS);
    const error = await assertRejects(check, RequestDenied);
    assertEquals([error.message, error.codeName, error.cause], [NONE, "SecurityCheck", undefined]);
  }
});
