import { isInRange, parseAddress, parseRange } from "../../../../src/server/access/address_range.ts";
import { assertEquals } from "../../../kit/assert.ts";

function hex(text: string): string | null {
  const bytes = parseAddress(text);
  return bytes && Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const addresses: [text: string, bytes: string | null][] = [
  ["0.0.0.0", "00000000"],
  ["255.255.255.255", "ffffffff"],
  ["256.0.0.1", null],
  ["01.2.3.4", null],
  ["1.2.3", null],
  ["1.2.3.4.5", null],
  ["", null],
  ["localhost", null],
  ["::", "00".repeat(16)],
  ["::1", "00".repeat(15) + "01"],
  ["1::", "0001" + "00".repeat(14)],
  ["1:2:3:4:5:6:7:8", "00010002000300040005000600070008"],
  ["1:2:3:4:5:6:7::", "00010002000300040005000600070000"],
  ["1:2:3:4::5:6:7:8", null],
  ["1:2:3:4:5:6:7", null],
  ["1:2:3:4:5:6:7:8:9", null],
  ["2001:DB8::ff", "20010db8" + "00".repeat(11) + "ff"],
  ["::ffff:1.2.3.4", "01020304"],
  ["::ffff:102:304", "01020304"],
  ["::1.2.3.4", "00".repeat(12) + "01020304"],
  ["1.2.3.4::", null],
  ["1::2::3", null],
  [":1:2:3:4:5:6:7", null],
  ["12345::", null],
  ["g::", null],
  ["fe80::1%eth0", "fe80" + "00".repeat(13) + "01"],
];

for (const [text, bytes] of addresses) {
  Deno.test(`parseAddress() reads "${text}" as ${bytes}`, () => assertEquals(hex(text), bytes));
}

Deno.test("parseRange() takes only bits that the address has", () => {
  const bits = (text: string) => parseRange(text)?.bits ?? null;
  assertEquals(["1.2.3.4", "1.2.3.4/0", "1.2.3.4/32", "1.2.3.4/33", "1.2.3.4/", "1.2.3.4/-1"].map(bits), [
    32,
    0,
    32,
    null,
    null,
    null,
  ]);
  assertEquals(["::1", "::1/128", "::1/129", "::ffff:1.2.3.4/120", "::ffff:1.2.3.4/95"].map(bits), [
    128,
    128,
    null,
    24,
    null,
  ]);
});

Deno.test("isInRange() compares exactly the leading bits", () => {
  const base = Uint8Array.of(0b10101010, 0b11001100, 0, 0);
  for (let bits = 0; bits <= 32; bits++) {
    for (let flipped = 0; flipped < 32; flipped++) {
      const other = base.slice();
      other[flipped >> 3]! ^= 0x80 >> (flipped & 7);
      assertEquals(isInRange(other, { bytes: base, bits }), flipped >= bits, `/${bits}, bit ${flipped}`);
    }
  }
});
