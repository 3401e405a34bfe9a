/** Certificates for tests: see their README. */
const folder = new URL("./fixtures/tls/", import.meta.url).pathname;

/** Path of a file of `fixtures/tls`. */
export function tlsPath(name: string): string {
  return `${folder}${name}`;
}

/** Its text. */
export function tlsText(name: string): string {
  return Deno.readTextFileSync(tlsPath(name));
}

/** A pair of certificate and key; `renewed` has a key of its own, all others that of `server`. */
export function tlsPair(name: "server" | "renewed" | "expired" | "other_name" | "authority"): {
  cert: string;
  key: string;
} {
  const key = name === "renewed" || name === "authority" ? name : "server";
  return { cert: tlsText(`${name}.crt`), key: tlsText(`${key}.key`) };
}

/** Common name that a server shows to a new connection, as openssl sees it. */
export async function shownName(port: number): Promise<string> {
  const args = ["s_client", "-connect", `127.0.0.1:${port}`, "-servername", "localhost"];
  const child = new Deno.Command("openssl", { args, stdin: "null", stdout: "piped", stderr: "null" });
  const text = new TextDecoder().decode((await child.output()).stdout);
  return /subject=.*CN ?= ?(\S+)/.exec(text)?.[1] ?? "";
}
