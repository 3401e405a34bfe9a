import { X509Certificate } from "node:crypto";

/** From when until when a certificate is valid, Unix times in ms. */
export interface Validity {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** Reads the validity of the first certificate in a PEM text, which may hold other things too; null without one. */
export function readValidity(pem: string): Validity | null {
  const block = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/.exec(pem)?.[0];
  if (block === undefined) return null;
  try {
    const { validFrom, validTo } = new X509Certificate(block);
    const validity = { fromMs: Date.parse(validFrom), untilMs: Date.parse(validTo) };
    return Number.isNaN(validity.fromMs + validity.untilMs) ? null : validity;
  } catch {
    return null;
  }
}
