import type { TlsKeys } from "../../base/socket.ts";
import { readValidity, type Validity } from "./certificate.ts";
import { describeFileError } from "../../base/file_error.ts";

/** Names of the files of a certificate and its private key, both PEM. */
export interface TlsFiles {
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

const GET_ONE = "get one from your certificate authority, or create one as conf/OPERATIONS.md shows";

/** Reads the files and has TLS try them. Never throws. */
export function readTlsKeys(files: TlsFiles): TlsKeysFound {
  const cert = readText(files.cert);
  if (typeof cert !== "string") return { fault: { file: "cert", ...cert } };
  const key = readText(files.key);
  if (typeof key !== "string") return { fault: { file: "key", ...key } };
  const keys = { cert, key };
  const fault = faultOf(keys, files);
  return fault === null ? { keys, validity: readValidity(cert) } : { fault };
}

/** Reads the certificates of authorities. @returns The PEM text, or why it cannot be used. Never throws. */
export function readAuthorities(path: string): { readonly pem: string } | { readonly fault: string } {
  const pem = readText(path);
  if (typeof pem !== "string") return { fault: pem.message };
  // Deno silently skips whatever is not a certificate.
  return readValidity(pem) === null ? { fault: `"${path}" contains no certificate` } : { pem };
}

function readText(path: string): string | Omit<TlsFileFault, "file"> {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      return { message: `the file "${path}" does not exist`, suggestion: GET_ONE };
    }
    if (error instanceof Deno.errors.PermissionDenied) {
      return {
        message: `no permission to read "${path}"`,
        suggestion: "let the user that runs this server read it",
      };
    }
    return {
      message: `cannot read "${path}": ${describeFileError(error)}`,
      suggestion: "use a PEM file",
    };
  }
}

function faultOf(keys: TlsKeys, files: TlsFiles): TlsFileFault | null {
  try {
    // Deno has no other way to check that the two work and belong together.
    Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert: keys.cert, key: keys.key }).close();
    return null;
  } catch (error) {
    // The files are fine: this machine lacks the address, has no socket left, or permits none.
    if (error instanceof Deno.errors.NotCapable || (error instanceof Error && "code" in error)) return null;
    const text = error instanceof Error ? error.message : String(error);
    if (text.includes("KeyMismatch")) {
      const message = `the key "${files.key}" does not belong to the certificate "${files.cert}"`;
      return {
        file: "key",
        message,
        suggestion:
          "use the key that the certificate was issued for; in a chain, the server's own certificate comes first",
      };
    }
    if (text.includes("No certificates found")) {
      const message = `"${files.cert}" contains no certificate`;
      return { file: "cert", message, suggestion: "use a PEM file with -----BEGIN CERTIFICATE-----" };
    }
    if (text.includes("UnsupportedCertVersion")) return { file: "cert", ...oldVersionFault(files) };
    if (!/certificate|BadEncoding/i.test(text)) return { file: "key", ...keyFault(keys.key, files.key, text) };
    const message = `the certificate "${files.cert}" cannot be used: ${text}`;
    return { file: "cert", message, suggestion: "it may be damaged: copy it from its source again" };
  }
}

/**
 * The certificate that SRS ships as `conf/server.crt` is such a one. Deno 2.9.6 would serve it by `node:tls`, at the
 * price of a second kind of socket; Deno 2.4.2 refuses it there too.
 */
function oldVersionFault({ cert, key }: TlsFiles): Omit<TlsFileFault, "file"> {
  const names = "-subj /CN=media.example.com -addext subjectAltName=DNS:media.example.com";
  return {
    message: `the certificate "${cert}" is X.509 v1; TLS needs v3`,
    suggestion: "create a v3 certificate with the same key and your server's name: " +
      `openssl req -x509 -key ${key} -days 365 ${names} -addext basicConstraints=critical,CA:FALSE -out server.crt`,
  };
}

function keyFault(key: string, path: string, text: string): Omit<TlsFileFault, "file"> {
  if (key.includes("ENCRYPTED")) {
    const suggestion = `remove the password: openssl pkey -in ${path} -out server.key`;
    return { message: `the private key "${path}" is protected by a password`, suggestion };
  }
  if (text.includes("No keys found")) {
    const suggestion = "use a PEM file with -----BEGIN PRIVATE KEY-----";
    return { message: `"${path}" contains no private key`, suggestion };
  }
  const suggestion = "use RSA with 2048 bits or more, ECDSA P-256 or P-384, or Ed25519";
  return { message: `the private key "${path}" cannot be used: ${text}`, suggestion };
}
