import { readValidity } from "../../../../src/net/tls/certificate.ts";
import { assertEquals } from "../../../kit/assert.ts";
import { tlsText } from "../../../kit/tls_files.ts";

const cases: [name: string, from: string, until: string][] = [
  // Years before 2050 have two digits in the file (UTCTime), later ones four (GeneralizedTime).
  ["server.crt", "2020-01-01T00:00:00.000Z", "2120-01-01T00:00:00.000Z"],
  ["expired.crt", "2020-01-01T00:00:00.000Z", "2021-01-01T00:00:00.000Z"],
];

for (const [name, from, until] of cases) {
  Deno.test(`readValidity() reads ${name}`, () => {
    const validity = readValidity(`# a comment\n${tlsText(name)}${tlsText("authority.crt")}`);
    const times = [validity?.fromMs, validity?.untilMs].map((ms) => new Date(ms ?? NaN).toISOString());
    assertEquals(times, [from, until]);
  });
}

Deno.test("readValidity() gives null for what is no certificate", () => {
  const wrap = (base64: string) => `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`;
  for (
    const text of ["", tlsText("server.key"), wrap(""), wrap("AAAA"), wrap("====A"), wrap("MIIB"), wrap("MIT/////")]
  ) {
    assertEquals(readValidity(text), null, text);
  }
});

Deno.test("readValidity() reads damaged certificates without harm", () => {
  const base64 = /-----\n([^-]*)-----/.exec(tlsText("server.crt"))?.[1]?.replace(/\s/g, "") ?? "";
  const der = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  const read = (bytes: Uint8Array) =>
    readValidity(`-----BEGIN CERTIFICATE-----\n${btoa(String.fromCharCode(...bytes))}\n-----END CERTIFICATE-----\n`);
  assertEquals(read(der)?.untilMs, Date.UTC(2120, 0, 1));
  for (let length = 0; length < der.length; length++) assertEquals(read(der.subarray(0, length)), null, `${length}`);
  for (let at = 0; at < der.length; at++) {
    for (const value of [0, 0x7f, 0x80, 0x84, 0xff]) read(der.with(at, value));
  }
});
