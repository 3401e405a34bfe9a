import type { NetAddress } from "../base/socket.ts";
import { canonicalIp, readIp } from "./socket_shutdown.ts";

const SOL_SOCKET = 1;
const SO_ACCEPTCONN = 30;
const SHUT_RDWR = 2;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const SO_KEEPALIVE = 9;
const [TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT] = [4, 5, 6];

/** A peer from which nothing has come for so long is asked whether it is there still, and so often; then it is gone. */
const [IDLE_S, AGAIN_S, QUESTIONS] = [60, 10, 6];

/**
 * Descriptors of this process's sockets that listen on an address and TCP port. Empty where {@link endListening} could not end them:
 * on systems other than Linux, and without the permission for foreign functions.
 *
 * Source: getsockopt(2), getsockname(2), socket(7).
 */
export function listeningSockets({ hostname, port }: NetAddress): number[] {
  return withLibc([], ({ symbols }) => {
    const name = new Uint8Array(128);
    const view = new DataView(name.buffer);
    const flag = new Int32Array(1);
    const ip = canonicalIp(hostname);
    const listens = (fd: number) =>
      symbols.getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, flag, new Uint32Array([flag.byteLength])) === 0 &&
      flag[0] === 1 && symbols.getsockname(fd, name, new Uint32Array([name.length])) === 0 &&
      view.getUint16(2) === port && canonicalIp(readIp(view)) === ip;
    return [...Deno.readDirSync("/proc/self/fd")].map((entry) => Number(entry.name)).filter(listens);
  });
}

/**
 * Has connections that come in at an address send small segments at once: they take that over from the socket that listens.
 * For those with TLS, of which Deno cannot set it. Source: tcp(7).
 */
export function acceptWithoutDelay(address: NetAddress): void {
  setOptions(address, [[IPPROTO_TCP, TCP_NODELAY, 1]]);
}

/**
 * Has the kernel look after connections that come in at an address: one whose peer has lost its power, or its network, ends
 * within two minutes, though nothing is said on it, as to players of a stream that nobody publishes. SRS leaves the kernel's
 * default, two hours. Source: tcp(7).
 */
export function acceptWithKeepAlive(address: NetAddress): void {
  setOptions(address, [
    [SOL_SOCKET, SO_KEEPALIVE, 1],
    [IPPROTO_TCP, TCP_KEEPIDLE, IDLE_S],
    [IPPROTO_TCP, TCP_KEEPINTVL, AGAIN_S],
    [IPPROTO_TCP, TCP_KEEPCNT, QUESTIONS],
  ]);
}

function setOptions(address: NetAddress, options: readonly (readonly [level: number, name: number, value: number])[]) {
  const descriptors = listeningSockets(address);
  if (descriptors.length === 0) return;
  withLibc(undefined, ({ symbols }) => {
    for (const fd of descriptors) {
      for (const [level, name, value] of options) symbols.setsockopt(fd, level, name, Int32Array.of(value), 4);
    }
  });
}

/** Ends the listening of sockets, whoever in this process holds them: clients that wait there are reset. */
export function endListening(descriptors: readonly number[]): void {
  if (descriptors.length === 0) return;
  withLibc(undefined, ({ symbols }) => descriptors.forEach((fd) => symbols.shutdown(fd, SHUT_RDWR)));
}

function openLibc() {
  return Deno.dlopen("libc.so.6", {
    getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
    getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
    setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
    shutdown: { parameters: ["i32", "i32"], result: "i32" },
  });
}

function withLibc<T>(otherwise: T, use: (libc: ReturnType<typeof openLibc>) => T): T {
  if (Deno.build.os !== "linux") return otherwise;
  if (Deno.permissions.querySync({ name: "ffi" }).state !== "granted") return otherwise;
  try {
    const libc = openLibc();
    try {
      return use(libc);
    } finally {
      libc.close();
    }
  } catch {
    // No glibc or no /proc.
    return otherwise;
  }
}
