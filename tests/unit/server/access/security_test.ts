import { RequestDenied } from "../../../../src/base/errors.ts";
import { loadConfig, requireConfig } from "../../../../src/config/mod.ts";
import { type AccessKind, checkSecurity, checkShutOut } from "../../../../src/server/access/security.ts";
import { assertEquals } from "../../../kit/assert.ts";

function rulesOf(rules: string) {
  const text = `listen 1935; vhost v { security { ${rules} } }`;
  return requireConfig(loadConfig({ path: "t.conf", text })).vhosts[0]!.security;
}

/** The error's name, or "pass". */
function verdict(check: () => void): string {
  try {
    check();
    return "pass";
  } catch (error) {
    if (error instanceof RequestDenied) return error.codeName;
    throw error;
  }
}

const cases: [rules: string, kind: AccessKind, ip: string, expected: string][] = [
  ["allow play 1.2.3.4;", "play", "9.9.9.9", "pass"], // not enabled
  ["enabled on;", "play", "1.2.3.4", "SecurityAllow"],
  ["enabled on; allow play all;", "play", "1.2.3.4", "pass"],
  // One allow rule, of whichever kind, is enough to shut out everybody else.
  ["enabled on; allow play all;", "publish", "1.2.3.4", "SecurityAllow"],
  ["enabled on; deny play 1.2.3.4;", "publish", "1.2.3.4", "pass"],
  ["enabled on; deny play 1.2.3.4;", "play", "1.2.3.5", "pass"],
  ["enabled on; deny play 1.2.3.4;", "play", "1.2.3.4", "SecurityDeny"],
  // Denials are looked at first, wherever they stand.
  ["enabled on; allow play 1.2.3.4; deny play all;", "play", "1.2.3.4", "SecurityDeny"],
  ["enabled on; allow play all; deny publish all;", "play", "1.2.3.4", "pass"],
  // Rules that match nobody count as rules.
  ["enabled on; allow view all;", "play", "1.2.3.4", "SecurityAllow"],
  ["enabled on; deny view all;", "play", "1.2.3.4", "pass"],
  ["enabled on; deny play;", "play", "1.2.3.4", "pass"],
  ["enabled on; deny play a.com;", "play", "1.2.3.4", "pass"],
  ["enabled on; allow play 10.1.0.0/16;", "play", "10.1.255.255", "pass"],
  ["enabled on; allow play 10.1.0.0/16;", "play", "10.2.0.0", "SecurityAllow"],
  ["enabled on; allow play 10.1.2.3/9;", "play", "10.127.0.1", "pass"],
  ["enabled on; allow play 10.1.2.3/9;", "play", "10.128.0.1", "SecurityAllow"],
  ["enabled on; allow play 10.1.2.3/0;", "play", "99.9.9.9", "pass"],
  ["enabled on; allow play 10.1.2.3/32;", "play", "10.1.2.3", "pass"],
  ["enabled on; allow play 10.1.2.3/32;", "play", "10.1.2.2", "SecurityAllow"],
  ["enabled on; allow play 10.1.2.3/33;", "play", "10.1.2.3", "SecurityAllow"],
  ["enabled on; allow play ::1;", "play", "::1", "pass"],
  ["enabled on; allow play 0:0::1;", "play", "::1", "pass"],
  ["enabled on; allow play fd00::/8;", "play", "fdff:1::2", "pass"],
  ["enabled on; allow play fd00::/8;", "play", "fe80::1", "SecurityAllow"],
  ["enabled on; allow play 2001:db8::/33;", "play", "2001:db8:7fff::1", "pass"],
  ["enabled on; allow play 2001:db8::/33;", "play", "2001:db8:8000::1", "SecurityAllow"],
  ["enabled on; allow play ::/0;", "play", "1.2.3.4", "SecurityAllow"],
  ["enabled on; allow play 0.0.0.0/0;", "play", "::1", "SecurityAllow"],
  ["enabled on; allow play ::ffff:10.0.0.0/104;", "play", "10.9.9.9", "pass"],
  ["enabled on; deny play 10.0.0.0/8;", "play", "::ffff:10.0.0.1", "SecurityDeny"],
  ["enabled on; allow publish all;", "publish", "", "pass"],
  ["enabled on; allow publish 0.0.0.0/0;", "publish", "", "SecurityAllow"],
];

for (const [rules, kind, ip, expected] of cases) {
  Deno.test(`checkSecurity() with "${rules}" lets ${ip || "nobody"} ${kind}: ${expected}`, () => {
    assertEquals(verdict(() => checkSecurity(rulesOf(rules), kind, ip)), expected);
  });
}

Deno.test("checkShutOut() refuses only those that could do nothing at all", () => {
  assertEquals(verdict(() => checkShutOut(rulesOf("enabled on; allow play all;"), "1.2.3.4")), "pass");
  assertEquals(verdict(() => checkShutOut(rulesOf("enabled on; allow publish all;"), "1.2.3.4")), "pass");
  const both = "enabled on; deny play all; deny publish 1.2.3.4;";
  assertEquals(verdict(() => checkShutOut(rulesOf(both), "1.2.3.4")), "SecurityDeny");
  assertEquals(verdict(() => checkShutOut(rulesOf(both), "1.2.3.5")), "pass");
});
