const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;

/**
 * TCP_NODELAY of a socket of this process, found by its ports; null where there is none. Linux only.
 *
 * Source: getsockopt(2), getsockname(2), getpeername(2).
 */
export function noDelayOf(localPort: number, remotePort: number): boolean | null {
  const nameCall = { parameters: ["i32", "buffer", "buffer"], result: "i32" } as const;
  const libc = Deno.dlopen("libc.so.6", {
    getsockname: nameCall,
    getpeername: nameCall,
    getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  });
  try {
    const portOf = (call: "getsockname" | "getpeername", fd: number) => {
      const name = new Uint8Array(128);
      const found = libc.symbols[call](fd, name, new Uint32Array([name.length])) === 0;
      return found ? new DataView(name.buffer).getUint16(2) : 0;
    };
    for (const { name } of Deno.readDirSync("/proc/self/fd")) {
      const fd = Number(name);
      if (portOf("getsockname", fd) !== localPort || portOf("getpeername", fd) !== remotePort) continue;
      const value = new Int32Array(1);
      const failed = libc.symbols.getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, value, new Uint32Array([4]));
      return failed === 0 ? value[0] !== 0 : null;
    }
    return null;
  } finally {
    libc.close();
  }
}
