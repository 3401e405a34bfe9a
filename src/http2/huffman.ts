import { H2Error, H2ErrorCode } from "./h2_error.ts";

/**
 * Bytes by the length of their code, in bits; 256 is the end, which is never sent. Within a length codes ascend with the
 * byte, and longer ones follow shorter ones. Source: RFC 7541 Appendix B.
 */
const symbolsByBits: readonly (readonly [bits: number, symbols: string])[] = [
  [5, "48-50 97 99 101 105 111 115-116"],
  [6, "32 37 45-47 51-57 61 65 95 98 100 102-104 108-110 112 114 117"],
  [7, "58 66-87 89 106-107 113 118-122"],
  [8, "38 42 44 59 88 90"],
  [10, "33-34 40-41 63"],
  [11, "39 43 124"],
  [12, "35 62"],
  [13, "0 36 64 91 93 126"],
  [14, "94 125"],
  [15, "60 96 123"],
  [19, "92 195 208"],
  [20, "128 130-131 162 184 194 224 226"],
  [21, "153 161 167 172 176-177 179 209 216-217 227 229-230"],
  [22, "129 132-134 136 146 154 156 160 163-164 169-170 173 178 181 185-187 189-190 196 198 228 232-233"],
  [23, "1 135 137-141 143 147 149-152 155 157-158 165-166 168 174-175 180 182-183 188 191 197 231 239"],
  [24, "9 142 144-145 148 159 171 206 215 225 236-237"],
  [25, "199 207 234-235"],
  [26, "192-193 200-202 205 210 213 218-219 238 240 242-243 255"],
  [27, "203-204 211-212 214 221-223 241 244-248 250-254"],
  [28, "2-8 11-12 14-21 23-31 127 220 249"],
  [30, "10 13 22 256"],
];

const END = 256;

/** Pairs of a node's children: a further node, or a symbol as its complement. */
const tree = makeTree();

/** Reads text that was coded so, one character a byte. @throws {H2Error} `CompressionError`. */
export function decodeHuffman(bytes: Uint8Array): string {
  let text = "";
  let node = 0;
  let bitsOfRest = 0;
  let isAllOnes = true;
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit--) {
      const step = (byte >>> bit) & 1;
      const next = tree[node * 2 + step]!;
      bitsOfRest++;
      isAllOnes &&= step === 1;
      if (next >= 0) {
        node = next;
        continue;
      }
      if (~next === END) throw broken();
      text += String.fromCharCode(~next);
      node = bitsOfRest = 0;
      isAllOnes = true;
    }
  }
  if (bitsOfRest > 7 || !isAllOnes) throw broken();
  return text;
}

function broken(): H2Error {
  return new H2Error(H2ErrorCode.CompressionError, "malformed Huffman code");
}

function makeTree(): Int16Array {
  const children: number[] = [0, 0];
  let code = 0;
  let lastBits = 0;
  for (const [bits, symbols] of symbolsByBits) {
    for (const symbol of expand(symbols)) {
      code <<= bits - lastBits;
      lastBits = bits;
      let node = 0;
      for (let bit = bits - 1; bit > 0; bit--) {
        const at = node * 2 + ((code >>> bit) & 1);
        if (children[at] === 0) {
          children[at] = children.length / 2;
          children.push(0, 0);
        }
        node = children[at]!;
      }
      children[node * 2 + (code & 1)] = ~symbol;
      code++;
    }
  }
  return Int16Array.from(children);
}

function* expand(ranges: string): Generator<number> {
  for (const range of ranges.split(" ")) {
    const [from = 0, to = from] = range.split("-").map(Number);
    for (let symbol = from; symbol <= to; symbol++) yield symbol;
  }
}
