/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
import { receiveMessage, type SharedMemory, ThreadLink } from "../protocol/thread_link.ts";
import { WorkerSockets } from "./worker_sockets.ts";

/** Entry of a thread that accepts clients and sends to them; started by `threads/main/workers.ts`. */
const host = new WorkerSockets(new ThreadLink(self));
self.onmessage = ({ data }: MessageEvent<ArrayBuffer | SharedMemory>) =>
  receiveMessage(data, (record) => host.onRecord(record), (shared) => host.onShared(shared));
