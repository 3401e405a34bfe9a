/**
 * The C library's calls that take the short way around Deno. Nothing outside this room knows of a file descriptor on the
 * media path, and this room keeps to these rules:
 *
 * 1. A descriptor is asked of its connection for each call, and never once `close()` was called: the number may be
 *    another file's by then. So whoever closes a connection goes through the object that makes the calls.
 * 2. A descriptor is believed only after it has named the peer that Deno names.
 * 3. No call waits: Deno's sockets never block. What cannot be done now is left to Deno, which can wait.
 * 4. A call that fails is no error: Deno's own read or write that follows meets the same, and says it in Deno's words.
 * 5. Bytes that a socket was given without a copy never change: see `log_arena.ts`.
 * 6. Where anything is missing (permission, system, symbol), everything goes Deno's way, with one line in the log.
 */
const symbols = {
  close: { parameters: ["i32"], result: "i32" },
  fallocate: { parameters: ["i32", "i32", "i64", "i64"], result: "i32" },
  flock: { parameters: ["i32", "i32"], result: "i32", nonblocking: true },
  ftruncate: { parameters: ["i32", "i64"], result: "i32" },
  getpeername: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  getrlimit: { parameters: ["i32", "buffer"], result: "i32" },
  madvise: { parameters: ["pointer", "usize", "i32"], result: "i32" },
  memfd_create: { parameters: ["buffer", "u32"], result: "i32" },
  mmap: { parameters: ["pointer", "usize", "i32", "i32", "i32", "i64"], result: "pointer" },
  open: { parameters: ["buffer", "i32"], result: "i32", nonblocking: true },
  send: { parameters: ["i32", "buffer", "usize", "i32"], result: "isize" },
  sendfile: { parameters: ["i32", "i32", "buffer", "usize"], result: "isize" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  sysconf: { parameters: ["i32"], result: "i64" },
} as const;

/** The calls of this room. */
export type Libc = Deno.DynamicLibrary<typeof symbols>["symbols"];

let opened: Libc | string | null = null;

/** The C library, which stays open for the life of the process; or why there is none, in words. */
export function openLibc(): Libc | string {
  opened ??= open();
  return opened;
}

function open(): Libc | string {
  if (Deno.build.os !== "linux") return `not on ${Deno.build.os}`;
  if (Deno.permissions.querySync({ name: "ffi" }).state !== "granted") {
    return "no permission for foreign functions: start with --allow-ffi";
  }
  try {
    return Deno.dlopen("libc.so.6", symbols).symbols;
  } catch {
    return "no glibc";
  }
}
