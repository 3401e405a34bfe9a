/** Certificates for tests: see their README. */
const folder = new URL("../fixtures/tls/", import.meta.url).pathname;

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

/** Which certificate a server shows to a new connection: that for localhost, or that for other.example. */
export async function shownName(port: number): Promise<"server" | "other_name" | "neither"> {
  for (const [hostname, name] of [["localhost", "server"], ["other.example", "other_name"]] as const) {
    const tcp = await connectAgain(port);
    using conn = await Deno.startTls(tcp, { hostname, caCerts: [tlsText("authority.crt")] });
    if (await shakesHands(conn)) return name;
  }
  return "neither";
}

/** A connection that came about just when the port was closed for a change may never be answered. */
async function shakesHands(conn: Deno.TlsConn): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), HANDSHAKE_MS);
  conn.handshake().then(() => resolve(true), () => resolve(false));
  const shaken = await promise;
  clearTimeout(timer);
  return shaken;
}

const HANDSHAKE_MS = 500;

/** Just when a certificate changes, the port is closed for a moment. */
async function connectAgain(port: number): Promise<Deno.TcpConn> {
  for (let tries = 0;; tries++) {
    try {
      return await Deno.connect({ hostname: "127.0.0.1", port });
    } catch (error) {
      if (tries === 20) throw error;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}
