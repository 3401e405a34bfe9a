/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
import { receiveMessage, type SharedMemory, ThreadLink } from "../net/thread_link.ts";
import { SocketHost } from "./socket_host.ts";

/** Entry of a thread that accepts clients and sends to them; started by `server/workers.ts`. */
const host = new SocketHost(new ThreadLink(self));
self.onmessage = ({ data }: MessageEvent<ArrayBuffer | SharedMemory>) =>
  receiveMessage(data, (record) => host.onRecord(record), (shared) => host.onShared(shared));
