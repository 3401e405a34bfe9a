import { readValidity, type Validity } from "./certificate.ts";
import { describeTlsError } from "./tls_error.ts";

/** Names of the files of a certificate and its private key, both PEM. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

/** What a TLS server shows and proves itself with, both PEM; the certificate with those between it and the root. */
export interface TlsKeys {
  readonly cert: string;
  readonly key: string;
}

/** What is wrong with the files. */
export interface TlsFileFault {
  readonly file: keyof TlsFiles;
  readonly message: string;
  /** What to do about it. */
  readonly suggestion: string;
}

/** Keys that can be used, or what is wrong. */
export type TlsKeysFound =
  | { readonly keys: TlsKeys; readonly validity: Validity | null }
  | { readonly fault: TlsFileFault };

const MAKE_BOTH = "get one from your authority, or make one as README.md shows";

/** Reads the files and tries them. Never throws. */
export function readTlsKeys(files: TlsFiles): TlsKeysFound {
  const cert = readText(files.cert);
  if (typeof cert !== "string") return { fault: { file: "cert", ...cert } };
  const key = readText(files.key);
  if (typeof key !== "string") return { fault: { file: "key", ...key } };
  const keys = { cert, key };
  const fault = faultOf(keys, files);
  return fault === null ? { keys, validity: readValidity(cert) } : { fault };
}

/** Reads the certificates of authorities. @returns The PEM text, or in words why it is of no use. Never throws. */
export function readAuthorities(path: string): { readonly pem: string } | { readonly fault: string } {
  const pem = readText(path);
  if (typeof pem !== "string") return { fault: pem.message };
  // What is no certificate in it, Deno passes over without a word.
  return readValidity(pem) === null ? { fault: `there is no certificate in "${path}"` } : { pem };
}

function readText(path: string): string | Omit<TlsFileFault, "file"> {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      return { message: `there is no file "${path}"`, suggestion: MAKE_BOTH };
    }
    if (error instanceof Deno.errors.PermissionDenied) {
      return {
        message: `the file "${path}" may not be read`,
        suggestion: "give its rights to the user of this server",
      };
    }
    return {
      message: `cannot read "${path}": ${describeTlsError(error)}`,
      suggestion: "it must be a file in PEM form",
    };
  }
}

function faultOf(keys: TlsKeys, files: TlsFiles): TlsFileFault | null {
  try {
    // There is no other way to have Deno look at both.
    Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert: keys.cert, key: keys.key }).close();
    return null;
  } catch (error) {
    // Nothing is wrong with the files: this machine has no such address, no socket is left, or none is permitted.
    if (error instanceof Deno.errors.NotCapable || (error instanceof Error && "code" in error)) return null;
    const text = error instanceof Error ? error.message : String(error);
    if (text.includes("KeyMismatch")) {
      const message = `the key "${files.key}" does not belong to the certificate "${files.cert}"`;
      return {
        file: "key",
        message,
        suggestion: "name the pair that was made together, the server's certificate first",
      };
    }
    if (text.includes("No certificates found")) {
      const message = `there is no certificate in "${files.cert}"`;
      return { file: "cert", message, suggestion: "it must be in PEM form, -----BEGIN CERTIFICATE-----" };
    }
    return /certificate|BadEncoding/i.test(text)
      ? { file: "cert", message: `"${files.cert}" cannot be used: ${text}`, suggestion: "is the file damaged?" }
      : { file: "key", ...keyFault(keys.key, files.key, text) };
  }
}

function keyFault(key: string, path: string, text: string): Omit<TlsFileFault, "file"> {
  if (key.includes("ENCRYPTED")) {
    const suggestion = `take the password off: openssl pkey -in ${path} -out server.key`;
    return { message: `the private key "${path}" is behind a password`, suggestion };
  }
  if (text.includes("No keys found")) {
    const suggestion = "it must be in PEM form, -----BEGIN PRIVATE KEY-----";
    return { message: `there is no private key in "${path}"`, suggestion };
  }
  const suggestion = "use RSA of 2048 bits or more, ECDSA P-256 or P-384, or Ed25519";
  return { message: `the private key "${path}" cannot be used: ${text}`, suggestion };
}
