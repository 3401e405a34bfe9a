import { readAuthorities, readTlsKeys } from "../../../../src/net/tls/keys.ts";
import { assert, assertEquals, assertStringIncludes } from "../../../kit/assert.ts";
import { tlsPath, tlsText } from "../../../kit/tls_files.ts";

Deno.test("readTlsKeys() reads a pair that belongs together", () => {
  const found = readTlsKeys({ cert: tlsPath("server.crt"), key: tlsPath("server.key") });
  assert("keys" in found);
  assertEquals(found.keys, { cert: tlsText("server.crt"), key: tlsText("server.key") });
  assertEquals(found.validity?.untilMs, Date.UTC(2120, 0, 1));
});

const faults: [what: string, cert: string, key: string, file: "cert" | "key", words: string][] = [
  ["a certificate that is not there", tlsPath("none.crt"), tlsPath("server.key"), "cert", "does not exist"],
  ["a key that is not there", tlsPath("server.crt"), tlsPath("none.key"), "key", "does not exist"],
  ["a folder", tlsPath("server.crt"), tlsPath(""), "key", "cannot read"],
  ["a key of another certificate", tlsPath("server.crt"), tlsPath("renewed.key"), "key", "does not belong to"],
  ["both the wrong way round", tlsPath("server.key"), tlsPath("server.crt"), "cert", "contains no certificate"],
  ["a key that is none", tlsPath("server.crt"), tlsPath("server.crt"), "key", "contains no private key"],
  ["a certificate that TLS does not take", tlsPath("v1.crt"), tlsPath("server.key"), "cert", "is X.509 v1"],
];

for (const [what, cert, key, file, words] of faults) {
  Deno.test(`readTlsKeys() tells of ${what}`, () => {
    const found = readTlsKeys({ cert, key });
    assert("fault" in found);
    assertEquals(found.fault.file, file);
    assertStringIncludes(found.fault.message, words);
    assert(found.fault.suggestion !== "");
  });
}

const keys: [what: string, text: string, words: string][] = [
  ["a key with a password", pem("ENCRYPTED PRIVATE KEY", "MIH"), "is protected by a password"],
  ["a damaged key", pem("PRIVATE KEY", btoa("no key at all")), "cannot be used"],
];

for (const [what, text, words] of keys) {
  Deno.test(`readTlsKeys() tells of ${what}`, () => {
    const key = Deno.makeTempFileSync();
    try {
      Deno.writeTextFileSync(key, text);
      const found = readTlsKeys({ cert: tlsPath("server.crt"), key });
      assert("fault" in found);
      assertEquals(found.fault.file, "key");
      assertStringIncludes(found.fault.message, words);
    } finally {
      Deno.removeSync(key);
    }
  });
}

Deno.test("readTlsKeys() finds a certificate in a file that begins with its key", () => {
  const both = Deno.makeTempFileSync();
  try {
    Deno.writeTextFileSync(both, tlsText("server.key") + tlsText("server.crt"));
    const found = readTlsKeys({ cert: both, key: both });
    assert("keys" in found);
    assertEquals(found.validity?.untilMs, Date.UTC(2120, 0, 1));
  } finally {
    Deno.removeSync(both);
  }
});

Deno.test("readTlsKeys() tells how to make an X.509 v3 certificate instead of v1", () => {
  const found = readTlsKeys({ cert: tlsPath("v1.crt"), key: tlsPath("server.key") });
  assert("fault" in found);
  assertStringIncludes(found.fault.suggestion, `openssl req -x509 -key ${tlsPath("server.key")}`);
});

Deno.test("readAuthorities() takes certificates only", () => {
  assertEquals(readAuthorities(tlsPath("authority.crt")), { pem: tlsText("authority.crt") });
  assert("fault" in readAuthorities(tlsPath("server.key")));
  assert("fault" in readAuthorities(tlsPath("none.crt")));
});

function pem(label: string, base64: string): string {
  return `-----BEGIN ${label}-----\n${base64}\n-----END ${label}-----\n`;
}
