import type { Socket } from "../base/socket.ts";

/** The four numbers that name one TCP connection of this host. */
export interface SocketAddress {
  localIp: string;
  localPort: number;
  remoteIp: string;
  remotePort: number;
}

/** The numbers of a connection of Deno's. */
export function addressOf({ localAddr, remoteAddr }: Pick<Socket, "localAddr" | "remoteAddr">): SocketAddress {
  return {
    localIp: localAddr.hostname,
    localPort: localAddr.port,
    remoteIp: remoteAddr.hostname,
    remotePort: remoteAddr.port,
  };
}

const SHUT_RDWR = 2;
const AF_INET = 2;
const AF_INET6 = 10;

/**
 * Shuts down both directions of this process's own sockets, found by their addresses, below Deno's own sockets.
 *
 * The way out for Deno versions whose `close()` leaves a pending write in place (see `TcpConn`): the shutdown makes
 * that write fail, which frees the socket. Linux with glibc; elsewhere, and without the permission for foreign
 * functions, it does nothing. However few they are, it looks at every open file.
 *
 * Source: shutdown(2), getsockname(2), getpeername(2); struct sockaddr_in and sockaddr_in6 of Linux.
 *
 * @returns How many were shut down.
 */
export function shutdownSockets(addresses: readonly SocketAddress[]): number {
  if (Deno.build.os !== "linux" || addresses.length === 0) return 0;
  if (Deno.permissions.querySync({ name: "ffi" }).state !== "granted") return 0;
  try {
    return shutdownByAddress(new Map(addresses.map((address) => [keyOf(address), address])));
  } catch {
    // No glibc or no /proc: the sockets stay until their peers move, as they would without this call.
    return 0;
  }
}

function keyOf({ localIp, localPort, remoteIp, remotePort }: SocketAddress): string {
  return `${remotePort} ${canonicalIp(remoteIp)} ${localPort} ${canonicalIp(localIp)}`;
}

function shutdownByAddress(wanted: ReadonlyMap<string, SocketAddress>): number {
  const nameCall = { parameters: ["i32", "buffer", "buffer"], result: "i32" } as const;
  const libc = Deno.dlopen("libc.so.6", {
    getsockname: nameCall,
    getpeername: nameCall,
    shutdown: { parameters: ["i32", "i32"], result: "i32" },
  });
  try {
    const name = new Uint8Array(128);
    const view = new DataView(name.buffer);
    const lengthBytes = new Uint32Array(1);
    // Most files are none of these sockets: the port tells, at no cost.
    const remotePorts = new Set([...wanted.values()].map(({ remotePort }) => remotePort));
    let count = 0;
    for (const entry of Deno.readDirSync("/proc/self/fd")) {
      const fd = Number(entry.name);
      lengthBytes[0] = name.length;
      if (libc.symbols.getpeername(fd, name, lengthBytes) !== 0) continue;
      const remotePort = view.getUint16(2);
      if (!remotePorts.has(remotePort)) continue;
      const remoteIp = readIp(view);
      lengthBytes[0] = name.length;
      if (libc.symbols.getsockname(fd, name, lengthBytes) !== 0) continue;
      const key = keyOf({ localIp: readIp(view), localPort: view.getUint16(2), remoteIp, remotePort });
      if (wanted.has(key) && libc.symbols.shutdown(fd, SHUT_RDWR) === 0) count++;
      if (count === wanted.size) break;
    }
    return count;
  } finally {
    libc.close();
  }
}

/** The address in a `sockaddr_in` or `sockaddr_in6`; empty for what is none. */
export function readIp(view: DataView): string {
  const family = view.getUint16(0, true);
  if (family === AF_INET) return [4, 5, 6, 7].map((at) => view.getUint8(at)).join(".");
  if (family !== AF_INET6) return "";
  return [8, 10, 12, 14, 16, 18, 20, 22].map((at) => view.getUint16(at).toString(16)).join(":");
}

/** One spelling per address: IPv6 in its shortest form, IPv4 mapped into IPv6 as plain IPv4. */
export function canonicalIp(ip: string): string {
  if (!ip.includes(":")) return ip;
  const bare = ip.split("%")[0] ?? ip;
  if (!URL.canParse(`http://[${bare}]/`)) return ip;
  const short = new URL(`http://[${bare}]/`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(short);
  if (mapped === null) return short;
  const high = parseInt(mapped[1] ?? "", 16);
  const low = parseInt(mapped[2] ?? "", 16);
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
}
