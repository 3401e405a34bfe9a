import { concatBytes } from "../../../src/base/bytes.ts";
import { RecordingBook } from "../../../src/server/record/recording_book.ts";
import { breachesOf } from "../api_contract.ts";
import { newEntityId } from "../../../src/server/identity.ts";
import { requestOf } from "./http_request.ts";
import { filesWith, worldAt } from "../memory/world.ts";
import type { Logger } from "../../../src/base/log.ts";
import { type Config, loadConfig, requireConfig } from "../../../src/config/mod.ts";
import { EpochBook } from "../../../src/cluster/epoch_book.ts";
import { CoworkerList } from "../../../src/cluster/mesh/coworker_list.ts";
import { DiscontinuityBook } from "../../../src/server/hls/discontinuity_book.ts";
import { HeldQuestions } from "../../../src/cluster/mesh/held_questions.ts";
import { MeshDirectory } from "../../../src/cluster/mesh/mesh_directory.ts";
import { Chronicle } from "../../../src/server/health/chronicle.ts";
import { ClusterHealth } from "../../../src/server/health/cluster_health.ts";
import { Members } from "../../../src/server/access/members.ts";
import { ForwardBook } from "../../../src/server/publish/forward_book.ts";
import { Publishers } from "../../../src/server/publish/publishers.ts";
import { networkOf } from "../../../src/net/network.ts";
import { systemWorld } from "../../../src/net/system_world.ts";
import { PullRegistry } from "../../../src/upstream/pull/pull_registry.ts";
import { FlvDemuxer } from "../../../src/flv/demuxer.ts";
import { type FlvTag, FlvTagType } from "../../../src/flv/tag.ts";
import { policyOf } from "../../../src/http/access/policy.ts";
import { apiRoutes } from "../../../src/http/api/routes.ts";
import { consoleRoutes } from "../../../src/http/console/api.ts";
import { type Answer, LiveAnswer } from "../../../src/http/live/live_answer.ts";
import { type ApiContext, type ApiServer, mountRoutes } from "../../../src/http/api/route.ts";
import { Router } from "../../../src/http/router.ts";
import { SystemStats } from "../../../src/http/system/stats.ts";
import { streamKey, type StreamUrl } from "../../../src/rtmp/url.ts";
import { type ClientEntry, ClientRegistry } from "../../../src/server/client_registry.ts";
import { sourceOptions } from "../../../src/server/source_options.ts";
import type { PublishSession } from "../../../src/stream/publish_session.ts";
import { SourceManager } from "../../../src/stream/source_manager.ts";
import { RateMeter } from "../../../src/stream/stats.ts";

/** Time at which every fake server begins. */
export const START_MS = 1_700_000_000_000;

/** A server without sockets: its clock stands until it is moved, its log is a list. */
export interface FakeServer extends ApiServer {
  readonly logged: string[];
  nowMs: number;
  rtmp: { connectionCount: number; isListening: boolean };
  drain: { isOn: boolean; isAnnounced: boolean };
  readonly mesh: MeshDirectory;
  readonly heldQuestions: HeldQuestions;
  /** What coworkers answer to this server's questions. */
  coworkerAnswer: (url: URL) => Response;
}

/** @param text Directives; `listen` and `http_api` are there already. */
export function fakeServer(text = "vhost __defaultVhost__ {}"): FakeServer {
  const logged: string[] = [];
  const server: Pick<FakeServer, "nowMs" | "coworkerAnswer"> = {
    nowMs: START_MS,
    coworkerAnswer: () => new Response(null, { status: 500 }),
  };
  const timers = { nowMs: () => server.nowMs, after: () => ({ cancel() {} }) };
  const world = worldAt(timers);
  const log = listLogger(logged, "");
  const sources = new SourceManager(timers);
  const clock = { ...timers, wallMs: timers.nowMs };
  const epochs = new EpochBook(clock);
  const drain = { isOn: false, isAnnounced: false };
  const list = new CoworkerList({ timers, log, world, nameServer: () => null, onChange() {} });
  const mesh = new MeshDirectory({
    fetch: (url) => Promise.resolve(server.coworkerAnswer(new URL(url))),
    timers: clock,
    log,
    instance: "service0",
    epochs,
    list,
    onAnnounce: () => {},
    isDraining: () => drain.isOn,
    members: () => [],
  });
  const fake = Object.assign(server, {
    logged,
    config: configOf(text),
    identity: { serverId: "vid-0server", serviceId: "service0", pid: 4711 },
    world,
    timers,
    log,
    sources,
    registry: new ClientRegistry(() => newEntityId(systemWorld)),
    publishers: new Publishers(),
    forwards: new ForwardBook({
      randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
      nowMs: () => START_MS,
    }),
    members: new Members(world, (listed) => list.hosts(listed)),
    mesh,
    epochs,
    heldQuestions: new HeldQuestions(timers),
    pulls: new PullRegistry({
      ...networkOf(systemWorld),
      timers,
      log,
      epochs,
      newCid: () => "pull0000",
      connectArgs: () => ({}),
      httpHeaders: () => [],
    }),
    startedMs: START_MS,
    discontinuities: new DiscontinuityBook(systemWorld),
    coworkerList: list,
    rtmp: { connectionCount: 3, isListening: true },
    hls: { streamCount: 2, bytes: 3_000_000, offerSegments: () => null, sessions: { count: 5 } },
    recorder: { book: new RecordingBook(), count: 1, runOf: () => null },
    drain,
  });
  const healthy = Object.assign(fake, { health: new ClusterHealth(fake) });
  return Object.assign(healthy, { chronicle: new Chronicle(healthy) });
}

export function configOf(text: string): Config {
  const base = text.includes("http_api") ? "listen 1935;" : "listen 1935; http_api { enabled on; listen 1985; }";
  return requireConfig(loadConfig({ path: "test.conf", text: `${base}\n${text}` }));
}

export function listLogger(logged: string[], cid: string): Logger {
  const write = (level: string) => (text: string) => void logged.push(`${level} [${cid}] ${text}`);
  return {
    cid,
    trace: write("trace"),
    debug: write("debug"),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
    withCid: (other) => listLogger(logged, other),
  };
}

/** A client as the book of clients holds it; `moved` is what it received and sent so far. */
export function fakeClient(
  id: string,
  type: ClientEntry["type"],
  options: {
    stream?: string;
    vhost?: string;
    moved?: [number, number];
    onKick?: () => void;
    sinceMs?: number;
    server?: string;
  } = {},
): ClientEntry {
  const { stream = "livestream", vhost = "__defaultVhost__", moved = [1000, 2000] } = options;
  const host = "127.0.0.1";
  const key = streamKey(vhost, "live", stream);
  const url: StreamUrl = { host, port: 1935, vhost, app: "live", stream, query: "", key };
  return {
    id,
    type,
    url,
    tcUrl: `rtmp://${host}/live`,
    pageUrl: "http://page/",
    swfUrl: "http://swf/",
    ip: "10.0.0.9",
    server: options.server === undefined ? null : { instance: options.server },
    sinceMs: options.sinceMs ?? START_MS,
    recv: new RateMeter(),
    send: new RateMeter(),
    bytesIn: () => moved[0],
    bytesOut: () => moved[1],
    dropped: () => 7,
    kick: options.onKick ?? (() => {}),
  };
}

/** Asks a fake server's API. */
export function apiOf(
  server: FakeServer,
  options: Pick<ApiContext, "reload" | "reloadState" | "drain"> & {
    system?: SystemStats;
    remoteIp?: string;
  } = {},
): (path: string, init?: RequestInit) => Promise<Response> {
  const system = options.system ??
    new SystemStats(worldAt(server.timers, { files: filesWith({}), interfaces: () => [] }));
  const mount = mountRoutes([...apiRoutes, ...consoleRoutes], { ...options, server, system });
  const router = new Router([mount], () => policyOf(server), server.log);
  return async (path, { method = "GET", headers } = {}) => {
    const request = requestOf(`http://127.0.0.1:1985${path}`, { method, headers: new Headers(headers) });
    const response = await responseOf(router.handle(request, options.remoteIp ?? "10.0.0.1"));
    if (response.headers.get("content-type") === "application/json") {
      const breaches = breachesOf(path, response.status, await response.clone().json());
      if (breaches.length > 0) throw new Error(`not as openapi.json has it: ${breaches.join("; ")}`);
    }
    return response;
  };
}

/** An answer that must not be a live stream. */
export async function responseOf(given: Answer | Promise<Answer>): Promise<Response> {
  const answer = await given;
  if (answer instanceof LiveAnswer) throw new Error("a live stream was answered");
  if (answer instanceof Response) return answer;
  const { status, headers, views } = answer;
  return new Response(status === 304 ? null : concatBytes(...views), { status, headers: [...headers] });
}

/** The answer's body, which must be JSON. */
export async function bodyOf(answer: Response | Promise<Response>): Promise<Record<string, unknown>> {
  const response = await answer;
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`not JSON: ${text}`);
  }
}

/** The first tags of the test media: metadata, both headers, some frames. */
export function mediaTags(count: number): FlvTag[] {
  const bytes = Deno.readFileSync(new URL("../../fixtures/av_768x320_30s.flv", import.meta.url));
  return [...new FlvDemuxer().push(bytes)].slice(0, count);
}

/** Begins a publish into a fake server's stream and sends the first tags of the test media. */
export function publishInto(server: FakeServer, key: string, tagCount = 20): PublishSession {
  const session = server.sources.findOrCreate(key, () => sourceOptions(server.config.vhosts[0]!)).startPublish(
    "client",
  );
  for (const { type, timestampMs, payload } of mediaTags(tagCount)) {
    const kind = type === FlvTagType.Audio ? "audio" : type === FlvTagType.Video ? "video" : "script";
    session.publish({ kind, timestampMs, payload });
  }
  return session;
}
