import { UpstreamError } from "../../base/errors.ts";
import type { World } from "../../base/world.ts";
import { type ConnectOptions, type ConnectWorld, type ConnWorld, TcpConn } from "../tcp_conn.ts";
import { describeTlsError } from "./error.ts";

/** What is needed of the world to reach a server. */
export type DialWorld = ConnectWorld & Pick<World, "startTls">;

/** How to speak TLS to a server. */
export interface TlsDialOptions {
  /** PEM texts of authorities that are trusted besides those known to Deno. */
  readonly caCerts?: readonly string[];
  /** Takes any certificate, whoever made it, for whatever name. */
  readonly isUnchecked?: boolean;
}

/** Options of {@link dial}. */
export interface DialOptions extends ConnectOptions {
  /** Judges the address that the host name led to, before anything is said there; by default each will do. */
  readonly mayTalkTo?: ((ip: string) => boolean) | undefined;
  /** Speaks TLS, `host` being the name that the certificate must have; null for plain TCP. */
  readonly tls?: TlsDialOptions | null | undefined;
  /** Time for the TLS handshake, once there is a connection. */
  readonly tlsTimeoutMs: number;
}

/**
 * Connects to a server and, if asked to, speaks TLS with it.
 *
 * @throws {UpstreamError} `StConnect`, with the address and the reason in words.
 */
export async function dial(world: DialWorld, options: DialOptions): Promise<TcpConn> {
  const { host, port, tls = null, mayTalkTo } = options;
  const tcp = tls?.isUnchecked ? await connectUnchecked(world, options) : await TcpConn.connect(world, options);
  if (mayTalkTo !== undefined && !mayTalkTo(tcp.remoteIp)) {
    tcp.close();
    throw new UpstreamError(
      "StConnect",
      `${
        addressOf(host, port)
      } resolves to ${tcp.remoteIp}, a local address that the server naming it may not point to`,
    );
  }
  if (tls !== null && !tls.isUnchecked) await startTls(world, tcp, { ...options, caCerts: tls.caCerts ?? [] });
  return tcp;
}

async function startTls(
  world: DialWorld,
  tcp: TcpConn,
  { caCerts, host, port, tlsTimeoutMs, signal }: DialOptions & { caCerts: readonly string[] },
): Promise<void> {
  let reason: string | null = null;
  const giveUp = (why: string) => {
    reason ??= why;
    tcp.close();
  };
  const onAbort = () => giveUp("cancelled");
  if (signal?.aborted) onAbort();
  signal?.addEventListener("abort", onAbort, { once: true });
  const timer = world.after(tlsTimeoutMs, () => giveUp(`no TLS handshake within ${tlsTimeoutMs} ms`));
  try {
    const socket = await tcp.replaceSocket((plain) => world.startTls(plain, { host, caCerts }));
    await socket.handshake();
  } catch (error) {
    giveUp(describeTlsError(error) || "the server closed the connection during the TLS handshake");
  } finally {
    timer.cancel();
    signal?.removeEventListener("abort", onAbort);
  }
  if (reason !== null) throw new UpstreamError("StConnect", `${addressOf(host, port)}: ${reason}`);
}

async function connectUnchecked(world: ConnWorld, options: DialOptions): Promise<TcpConn> {
  // Node's TLS is only loaded by those who ask for it.
  const { UncheckedSocket } = await import("./unchecked.ts");
  const { host, port, timeoutMs, tlsTimeoutMs, signal } = options;
  const limits = { timeoutMs: timeoutMs + tlsTimeoutMs, ...(signal === undefined ? {} : { signal }) };
  try {
    return new TcpConn(await UncheckedSocket.connect({ host, port, ...limits }), world);
  } catch (error) {
    const reason = describeTlsError(error) || "the server closed the connection during the TLS handshake";
    throw new UpstreamError("StConnect", `cannot connect to ${addressOf(host, port)}: ${reason}`, { cause: error });
  }
}

function addressOf(host: string, port: number): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}
