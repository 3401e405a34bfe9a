import { UpstreamError } from "../../../../src/base/errors.ts";
import { judgeReply, readForwardUrls } from "../../../../src/server/hooks/answer.ts";
import { assertEquals, assertThrows } from "../../../kit/assert.ts";

const verdicts: [status: number, body: string, why: string | null, message?: string][] = [
  [200, "0", null],
  [201, "0", null],
  [200, '{"code":0}', null],
  [200, ' {"data":1,"code":0}\n', null],
  [200, '{"code":0,"msg":"welcome"}', null],
  [202, "0", "HTTP status 202"],
  [204, "", "HTTP status 204"],
  [302, "0", "HTTP status 302"],
  [403, "0", "HTTP status 403"],
  [200, "", 'the answer is neither 0 nor {"code":0}'],
  [200, "0\n", 'the answer is neither 0 nor {"code":0}'],
  [200, "00", 'the answer is neither 0 nor {"code":0}'],
  [200, '"0"', 'the answer is neither 0 nor {"code":0}'],
  [200, "OK", 'the answer is neither 0 nor {"code":0}'],
  [200, "\ufeff0", 'the answer is neither 0 nor {"code":0}'],
  [200, "null", 'the answer is neither 0 nor {"code":0}'],
  [200, "[]", 'the answer is neither 0 nor {"code":0}'],
  [200, '[{"code":0}]', 'the answer is neither 0 nor {"code":0}'],
  [200, '{"code":0', 'the answer is neither 0 nor {"code":0}'],
  [200, "{}", "no numeric code in the answer"],
  [200, '{"code":"0"}', "no numeric code in the answer"],
  [200, '{"code":null}', "no numeric code in the answer"],
  [200, '{"code":false}', "no numeric code in the answer"],
  [200, '{"Code":0}', "no numeric code in the answer"],
  [200, '{"__proto__":{"code":0}}', "no numeric code in the answer"],
  [200, '{"constructor":{"code":0},"toString":0}', "no numeric code in the answer"],
  [200, '{"code":0.5}', "code 0.5"],
  [200, '{"code":403,"msg":"token expired"}', "code 403", "token expired"],
  [200, '{"code":1,"msg":"a\\r\\nb\\u001b[31m"}', "code 1", "a\\x0d\\x0ab\\x1b[31m"],
  [200, '{"code":1,"msg":{"toString":1}}', "code 1", ""],
];

for (const [status, body, why, message = ""] of verdicts) {
  Deno.test(`judgeReply() ${why === null ? "accepts" : "refuses"} ${status} ${JSON.stringify(body)}`, () => {
    assertEquals(judgeReply({ status, body }), why === null ? null : { why, message });
  });
}

Deno.test("judgeReply() cuts a long message", () => {
  const body = JSON.stringify({ code: 1, msg: "m".repeat(10_000) });
  assertEquals(judgeReply({ status: 200, body })?.message.length, 200);
});

Deno.test("readForwardUrls() reads data.urls", () => {
  const urls = ["rtmp://a/live/s", "rtmp://b/live/s"];
  assertEquals(readForwardUrls({ status: 200, body: JSON.stringify({ code: 0, data: { urls } }) }), urls);
  assertEquals(readForwardUrls({ status: 201, body: '{"code":0,"data":{"urls":[]}}' }), []);
});

const noUrls: [status: number, body: string][] = [
  [200, "0"],
  [500, '{"code":0,"data":{"urls":[]}}'],
  [200, '{"code":1,"data":{"urls":[]}}'],
  [200, '{"code":0}'],
  [200, '{"code":0,"data":null}'],
  [200, '{"code":0,"data":[]}'],
  [200, '{"code":0,"data":{"urls":"rtmp://a/live/s"}}'],
  [200, '{"code":0,"data":{"urls":{"length":0}}}'],
  [200, '{"code":0,"data":{"urls":["rtmp://a/live/s",1]}}'],
  [200, '{"code":0,"__proto__":{"data":{"urls":[]}}}'],
  [200, '{"code":0,"data":{"__proto__":{"urls":[]}}}'],
  [200, JSON.stringify({ code: 0, data: { urls: Array(17).fill("rtmp://a/live/s") } })],
];

for (const [status, body] of noUrls) {
  Deno.test(`readForwardUrls() finds none in ${status} ${body.slice(0, 60)}`, () => {
    assertThrows(() => readForwardUrls({ status, body }), UpstreamError);
  });
}

Deno.test("no answer changes what objects inherit", () => {
  judgeReply({ status: 200, body: '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}' });
  assertEquals((({}) as { polluted?: number }).polluted, undefined);
});
