/** What a connection is made of: a `Deno.TcpConn`, one with TLS, or what stands in for one of another thread. */
export type Socket =
  & Pick<Deno.TcpConn, "read" | "write" | "close" | "closeWrite" | "setNoDelay" | "remoteAddr" | "localAddr">
  & {
    /** TLS is spoken on it. */
    readonly isEncrypted?: boolean;
  };
