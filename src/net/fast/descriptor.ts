import type { Socket } from "../../base/socket.ts";
import { canonicalIp, readIp } from "../socket_shutdown.ts";
import type { Libc } from "./libc.ts";

/** Deno.TcpConn has its descriptor under a symbol of this name (2.4.2 and 2.9.6). */
const FD_SYMBOL = "Deno.internal.fd";
const NAME_BYTES = 128;

/**
 * Under which symbol an open connection has its descriptor, which must name the same peer.
 *
 * @returns Null for a connection that has ended already; `none` where this Deno tells no descriptors, or others.
 */
export function descriptorKey(conn: Socket, libc: Pick<Libc, "getpeername">): symbol | "none" | null {
  const key = Object.getOwnPropertySymbols(conn).find(({ description }) => description === FD_SYMBOL);
  if (key === undefined) return "none";
  const fd = descriptorAt(conn, key);
  if (fd < 0) return "none";
  const name = new Uint8Array(NAME_BYTES);
  // Source: getpeername(2).
  if (libc.getpeername(fd, name, new Uint32Array([name.length])) !== 0) return null;
  const view = new DataView(name.buffer);
  const { hostname, port } = conn.remoteAddr;
  return view.getUint16(2) === port && canonicalIp(readIp(view)) === canonicalIp(hostname) ? key : "none";
}

/** The descriptor of an open connection; -1 for none. */
export function descriptorAt(conn: Socket, key: symbol): number {
  const fd: unknown = Reflect.get(conn, key);
  return typeof fd === "number" && Number.isInteger(fd) ? fd : -1;
}
