/** An IP address, or a whole network of them. */
export interface AddressRange {
  /** 4 bytes for IPv4, 16 for IPv6. */
  readonly bytes: Uint8Array;
  /** Leading bits that an address must share with {@link bytes}. */
  readonly bits: number;
}

/**
 * Reads an IP address: 4 bytes for IPv4, 16 for IPv6; null when it is neither. An IPv4 address written in IPv6
 * (`::ffff:1.2.3.4`) is the IPv4 address.
 */
export function parseAddress(text: string): Uint8Array | null {
  const ipv4 = parseIpv4(text);
  if (ipv4 !== null || !text.includes(":")) return ipv4;
  const ipv6 = parseIpv6(text.replace(/%.*$/, ""));
  return ipv6 !== null && isMapped(ipv6) ? ipv6.slice(12) : ipv6;
}

/** Reads an IP address or `IP/BITS`; null when it is neither. */
export function parseRange(text: string): AddressRange | null {
  const [, address = "", bitsText] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const bytes = parseAddress(address);
  if (bytes === null) return null;
  const most = bytes.length * 8;
  if (bitsText === undefined) return { bytes, bits: most };
  const isWrittenInIpv6 = most === 32 && address.includes(":");
  const bits = Number(bitsText) - (isWrittenInIpv6 ? 96 : 0);
  return bits >= 0 && bits <= most ? { bytes, bits } : null;
}

/** Whether an address lies in a range; one of IPv4 never lies in one of IPv6. */
export function isInRange(address: Uint8Array, { bytes, bits }: AddressRange): boolean {
  if (address.length !== bytes.length) return false;
  const whole = bits >> 3;
  for (let i = 0; i < whole; i++) if (address[i] !== bytes[i]) return false;
  const rest = bits & 7;
  return rest === 0 || ((address[whole]! ^ bytes[whole]!) >> (8 - rest)) === 0;
}

const IPV4 = /^(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$/;

function parseIpv4(text: string): Uint8Array | null {
  const found = IPV4.exec(text);
  if (found === null) return null;
  const bytes = new Uint8Array(4);
  for (let at = 0; at < 4; at++) {
    const value = Number(found[at + 1]);
    if (value > 255) return null;
    bytes[at] = value;
  }
  return bytes;
}

function parseIpv6(text: string): Uint8Array | null {
  const [head = "", tail, ...more] = text.split("::");
  if (more.length > 0) return null;
  const start = readGroups(head, tail === undefined);
  const end = readGroups(tail ?? "", true);
  if (start === null || end === null) return null;
  const missing = 16 - start.length - end.length;
  if (tail === undefined ? missing !== 0 : missing < 2) return null;
  return Uint8Array.from([...start, ...new Array<number>(missing).fill(0), ...end]);
}

/** Bytes of groups with colons between them; the last group of an address may be an IPv4 address. */
function readGroups(text: string, isEnd: boolean): number[] | null {
  if (text === "") return [];
  const bytes: number[] = [];
  const groups = text.split(":");
  for (const [i, group] of groups.entries()) {
    const ipv4 = isEnd && i === groups.length - 1 ? parseIpv4(group) : null;
    if (ipv4 !== null) bytes.push(...ipv4);
    else if (/^[\da-f]{1,4}$/i.test(group)) bytes.push(parseInt(group, 16) >> 8, parseInt(group, 16) & 0xff);
    else return null;
  }
  return bytes;
}

function isMapped(ipv6: Uint8Array): boolean {
  return ipv6.subarray(0, 10).every((byte) => byte === 0) && ipv6[10] === 0xff && ipv6[11] === 0xff;
}
