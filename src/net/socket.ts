import type { Feed, Following, FollowSink } from "./feed.ts";

/** What a connection is made of: a `Deno.TcpConn`, one with TLS, or what stands in for one of another thread. */
export type Socket =
  & Pick<Deno.TcpConn, "read" | "write" | "close" | "closeWrite" | "setNoDelay" | "remoteAddr" | "localAddr">
  & {
    /** TLS is spoken on it. */
    readonly isEncrypted?: boolean;
    /** Sends a feed from its live end on, by itself; nothing else may be written meanwhile. */
    follow?(feed: Feed, sink: FollowSink): Following;
  };
