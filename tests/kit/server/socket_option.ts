const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;

/**
 * TCP_NODELAY of each connection of this process with that port at this end. Linux only.
 *
 * Source: getsockopt(2), getsockname(2), getpeername(2).
 */
export function noDelaysAt(localPort: number): boolean[] {
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
    const fds = [...Deno.readDirSync("/proc/self/fd")].map(({ name }) => Number(name));
    // Listeners have no peer.
    return fds.filter((fd) => portOf("getsockname", fd) === localPort && portOf("getpeername", fd) > 0).map((fd) => {
      const value = new Int32Array(1);
      libc.symbols.getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, value, new Uint32Array([4]));
      return value[0] !== 0;
    });
  } finally {
    libc.close();
  }
}
