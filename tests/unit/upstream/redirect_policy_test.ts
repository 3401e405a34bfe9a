import {
  describeRefusal,
  type RedirectEnd,
  RedirectPolicy,
  type RedirectRefusal,
  talkRule,
} from "../../../src/upstream/redirect_policy.ts";
import { assertEquals } from "../../kit/assert.ts";

const at = (host: string): RedirectEnd => ({ host, text: `${host}:1935` });
const overTls = (host: string): RedirectEnd => ({ host, text: `rtmps://${host}:443`, tls: true });

const verdicts: [what: string, from: RedirectEnd, to: RedirectEnd, fromIp: string, refusal: RedirectRefusal | null][] =
  [
    ["another server", at("a"), at("b"), "203.0.113.1", null],
    ["the server itself", at("a"), at("a"), "203.0.113.1", "visited"],
    ["the same host over TLS", at("a"), overTls("a"), "203.0.113.1", null],
    ["out of TLS", overTls("a"), at("b"), "203.0.113.1", "downgrade"],
    ["from TLS to TLS", overTls("a"), overTls("b"), "203.0.113.1", null],
    ["this machine, by a public server", at("a"), at("127.0.0.1"), "203.0.113.1", "untrusted"],
    ["this machine, by a private server", at("a"), at("127.0.0.1"), "10.0.0.1", null],
    ["a metadata service, by a private server", at("a"), at("169.254.169.254"), "10.0.0.1", "untrusted"],
    ["a metadata service, by this machine", at("a"), at("169.254.169.254"), "127.0.0.1", "untrusted"],
    ["no address, by this machine", at("a"), at("0.0.0.0"), "127.0.0.1", "untrusted"],
    ["no address of IPv6, by this machine", at("a"), at("::"), "::1", "untrusted"],
    ["its link, by a server of it", at("a"), at("169.254.7.8"), "169.254.7.7", null],
  ];

for (const [what, from, to, fromIp, refusal] of verdicts) {
  Deno.test(`RedirectPolicy judges a redirect to ${what}: ${refusal ?? "followed"}`, () => {
    assertEquals(new RedirectPolicy(new Set(["a:1935"])).refuse(from, to, fromIp), refusal);
  });
}

Deno.test("RedirectPolicy follows three redirects, and counts none that it refused", () => {
  const policy = new RedirectPolicy(new Set(["s0:1935"]));
  assertEquals(policy.refuse(at("s0"), at("169.254.169.254"), "10.0.0.1"), "untrusted");
  for (const n of [1, 2, 3]) assertEquals(policy.refuse(at(`s${n - 1}`), at(`s${n}`), "10.0.0.1"), null);
  assertEquals(policy.refuse(at("s3"), at("s4"), "10.0.0.1"), "tooMany");
  assertEquals(policy.refuse(at("s3"), at("s1"), "10.0.0.1"), "visited");
});

Deno.test("RedirectPolicy shares what was visited with others, but not the count", () => {
  const visited = new Set<string>();
  for (let n = 0; n < 5; n++) {
    assertEquals(new RedirectPolicy(visited).refuse(at("a"), at(`s${n}`), "10.0.0.1"), null);
    assertEquals(new RedirectPolicy(visited).refuse(at("a"), at(`s${n}`), "10.0.0.1"), "visited");
  }
});

Deno.test("describeRefusal() has words for every refusal", () => {
  const refusals: RedirectRefusal[] = ["visited", "downgrade", "tooMany", "untrusted"];
  assertEquals(new Set(refusals.map(describeRefusal)).size, 4);
});

Deno.test("talkRule() judges the address behind a name by who gave the name", () => {
  const cases: [namedBy: string | null, ip: string, expected: boolean][] = [
    [null, "169.254.169.254", true],
    ["203.0.113.1", "127.0.0.1", false],
    ["10.0.0.1", "127.0.0.1", true],
    ["10.0.0.1", "169.254.169.254", false],
    ["localhost", "169.254.169.254", false],
    ["203.0.113.1", "203.0.113.2", true],
  ];
  for (const [namedBy, ip, expected] of cases) assertEquals(talkRule(namedBy)(ip), expected, `${namedBy}, ${ip}`);
});
