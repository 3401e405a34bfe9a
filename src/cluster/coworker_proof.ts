import type { FieldReader } from "../base/field_reader.ts";
import { encodeUtf8 } from "../base/bytes.ts";
import { equalInConstantTime } from "../base/constant_time.ts";

/** Header with a `coworker_token`, as `encodeURIComponent` writes it. */
const COWORKER_TOKEN_HEADER = "x-coworker-token";
/** Header with a proof of it in its place: `TIME HMAC`, in Unix seconds and hexadecimal digits. */
export const COWORKER_PROOF_HEADER = "x-coworker-proof";

/** How long a proof counts: clocks differ, and it takes time to arrive. */
const PROOF_WINDOW_S = 60;
const algorithm = { name: "HMAC", hash: "SHA-256" };

/** What a question bears to be answered: the token itself, or a proof that tells nobody the token. */
export type ProofKind = "token" | "hmac";

/** A request, as far as a proof is for it alone. */
interface ProvenRequest {
  readonly method: string;
  /** Path and query as they were sent. */
  readonly target: string;
}

/** Headers by which the sender of a request proves that it knows the token; none for an empty token. */
export async function proofHeaders(
  token: string,
  { method, url }: { method: "DELETE" | "GET" | "POST"; url: string },
  { kind, wallMs }: { kind: ProofKind; wallMs: number },
): Promise<Record<string, string>> {
  if (token === "") return {};
  if (kind === "token") return { [COWORKER_TOKEN_HEADER]: encodeURIComponent(token) };
  const { pathname, search } = new URL(url);
  const timeS = Math.floor(wallMs / 1000);
  const text = proofText(timeS, { method, target: pathname + search });
  const hmac = await crypto.subtle.sign(algorithm.name, await importKey(token), text);
  const hex = Array.from(new Uint8Array(hmac), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return { [COWORKER_PROOF_HEADER]: `${timeS} ${hex}` };
}

/**
 * Whether a request shows one of the tokens, or proves to know one for exactly its own method, path and query within
 * the last minute. How long it takes tells nothing of a token.
 */
export async function provesToken(
  tokens: readonly string[],
  { headers, ...request }: ProvenRequest & { readonly headers: FieldReader },
  wallMs: number,
): Promise<boolean> {
  const sent = encodeUtf8(headers.get(COWORKER_TOKEN_HEADER) ?? "");
  const shown = tokens.map((token) => equalInConstantTime(sent, encodeUtf8(encodeURIComponent(token))));
  if (shown.includes(true)) return true;
  const [, time = "", hex = ""] = /^(\d{1,11}) ([\da-f]{64})$/.exec(headers.get(COWORKER_PROOF_HEADER) ?? "") ?? [];
  if (hex === "" || Math.abs(wallMs / 1000 - Number(time)) > PROOF_WINDOW_S) return false;
  const hmac = Uint8Array.from(hex.match(/../g) ?? [], (byte) => parseInt(byte, 16));
  const text = proofText(Number(time), request);
  const proven = tokens.map(async (token) =>
    await crypto.subtle.verify(algorithm.name, await importKey(token), hmac, text)
  );
  return (await Promise.all(proven)).includes(true);
}

function proofText(timeS: number, { method, target }: ProvenRequest): Uint8Array<ArrayBuffer> {
  return new Uint8Array(encodeUtf8(`srs-ts coworker ${timeS} ${method} ${target}`));
}

function importKey(token: string): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", new Uint8Array(encodeUtf8(token)), algorithm, false, ["sign", "verify"]);
}
