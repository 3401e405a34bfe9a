/** The four numbers that name one TCP connection of this host. */
export interface SocketAddress {
  localIp: string;
  localPort: number;
  remoteIp: string;
  remotePort: number;
}

const SHUT_RDWR = 2;
const AF_INET = 2;
const AF_INET6 = 10;

/**
 * Shuts down both directions of one of this process's own sockets, found by its addresses, below Deno's own socket.
 *
 * The way out for Deno versions whose `close()` leaves a pending write in place (see `TcpConn`): the shutdown makes
 * that write fail, which lets go of the socket. Linux with glibc; elsewhere, and without the permission for foreign
 * functions, it does nothing.
 *
 * Source: shutdown(2), getsockname(2), getpeername(2); struct sockaddr_in and sockaddr_in6 of Linux.
 *
 * @returns Whether a socket was shut down.
 */
export function shutdownSocket(address: SocketAddress): boolean {
  if (Deno.build.os !== "linux") return false;
  if (Deno.permissions.querySync({ name: "ffi" }).state !== "granted") return false;
  try {
    return shutdownByAddress(address);
  } catch {
    // No glibc or no /proc: the socket stays until its peer moves, as it would without this call.
    return false;
  }
}

function shutdownByAddress(address: SocketAddress): boolean {
  const nameCall = { parameters: ["i32", "buffer", "buffer"], result: "i32" } as const;
  const libc = Deno.dlopen("libc.so.6", {
    getsockname: nameCall,
    getpeername: nameCall,
    shutdown: { parameters: ["i32", "i32"], result: "i32" },
  });
  try {
    const name = new Uint8Array(128);
    const lengthBytes = new Uint32Array(1);
    for (const entry of Deno.readDirSync("/proc/self/fd")) {
      const fd = Number(entry.name);
      lengthBytes[0] = name.length;
      if (libc.symbols.getpeername(fd, name, lengthBytes) !== 0) continue;
      if (!isAddress(name, address.remoteIp, address.remotePort)) continue;
      lengthBytes[0] = name.length;
      if (libc.symbols.getsockname(fd, name, lengthBytes) !== 0) continue;
      if (!isAddress(name, address.localIp, address.localPort)) continue;
      return libc.symbols.shutdown(fd, SHUT_RDWR) === 0;
    }
    return false;
  } finally {
    libc.close();
  }
}

function isAddress(sockaddr: Uint8Array, ip: string, port: number): boolean {
  const view = new DataView(sockaddr.buffer);
  // The port comes first: it is cheap and rules out nearly all.
  return view.getUint16(2) === port && canonicalIp(readIp(view)) === canonicalIp(ip);
}

function readIp(view: DataView): string {
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
