/** From when until when a certificate is good, Unix times in ms. */
export interface Validity {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** Tags of DER that make a difference here. */
const Tag = { UtcTime: 0x17, Version: 0xa0 } as const;

/** One element of DER. */
interface Element {
  readonly tag: number;
  readonly body: Uint8Array;
}

/**
 * Reads the validity of the first certificate of a PEM text; null when there is none that can be read.
 *
 * Source: RFC 5280 §4.1 (`TBSCertificate`: version, serial number, signature, issuer, validity), X.690 for DER.
 */
export function readValidity(pem: string): Validity | null {
  const base64 = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]*)-----END CERTIFICATE-----/.exec(pem)?.[1];
  if (base64 === undefined) return null;
  try {
    const der = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
    const [certificate] = readElements(der);
    const [tbs] = readElements(certificate?.body ?? der);
    const fields = readElements(tbs?.body ?? der).filter(({ tag }) => tag !== Tag.Version);
    const [from, until] = readElements(fields[3]?.body ?? der);
    const validity = { fromMs: readTime(from), untilMs: readTime(until) };
    return Number.isNaN(validity.fromMs + validity.untilMs) ? null : validity;
  } catch {
    // Not base64.
    return null;
  }
}

/** The elements that stand one behind the other, up to the first that is cut off. */
function readElements(der: Uint8Array): Element[] {
  const elements: Element[] = [];
  for (let at = 0; at + 2 <= der.length;) {
    const tag = der[at] ?? 0;
    const first = der[at + 1] ?? 0;
    const extra = first < 0x80 ? 0 : first & 0x7f;
    let length = extra === 0 ? first : 0;
    for (const byte of der.subarray(at + 2, at + 2 + extra)) length = length * 256 + byte;
    const start = at + 2 + extra;
    if (extra > 4 || start + length > der.length) break;
    elements.push({ tag, body: der.subarray(start, start + length) });
    at = start + length;
  }
  return elements;
}

/** `YYMMDDhhmmssZ`, before 1950 being of the next century, or `YYYYMMDDhhmmssZ`. NaN when it is neither. */
function readTime(element: Element | undefined): number {
  if (element === undefined) return NaN;
  const text = String.fromCharCode(...element.body);
  const century = element.tag !== Tag.UtcTime ? "" : Number(text.slice(0, 2)) < 50 ? "20" : "19";
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(`${century}${text}`);
  if (match === null) return NaN;
  const [year = 0, month = 0, ...rest] = match.slice(1).map(Number);
  return Date.UTC(year, month - 1, ...rest);
}
