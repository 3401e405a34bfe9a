import { describeTlsError } from "../../../../src/net/tls/error.ts";
import { assertEquals } from "../../../kit/assert.ts";

const cases: [what: string, text: string, words: string][] = [
  [
    "a certificate of X.509 v1, which SRS ships",
    "invalid peer certificate: Other(OtherError(UnsupportedCertVersion))",
    "certificate rejected: it is X.509 v1; a server needs a v3 certificate",
  ],
  ["an expired certificate", "invalid peer certificate: Expired", "certificate rejected: it has expired"],
];

for (const [what, text, words] of cases) {
  Deno.test(`describeTlsError() names ${what}`, () => assertEquals(describeTlsError(new Error(text)), words));
}
