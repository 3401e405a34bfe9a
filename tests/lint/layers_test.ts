import { assertEquals, assertGreater } from "../kit/assert.ts";
import { type Import, importsOf, type SourceFile, sourceFiles, withoutComments } from "./source_files.ts";

/**
 * Who may import whom; a room may always import itself.
 *
 * An entry is a room, or `room/file` where only that file is open to the importer.
 */
const layers: Record<string, readonly string[]> = {
  base: [],
  amf: ["base"],
  rtmp: ["base", "amf"],
  flv: ["base"],
  http1: ["base"],
  http2: ["base", "http1/fields"],
  stream: ["base", "amf", "flv", "rtmp/message", "rtmp/chunk_writer", "rtmp/timestamp"],
  mpegts: ["base", "flv"],
  mp4: ["base", "flv"],
  hls: ["base", "flv", "stream", "mpegts", "mp4"],
  record: ["base", "amf", "flv", "mp4", "stream"],
  config: ["base"],
  net: ["base"],
  threads: ["base", "net"],
  cluster: ["base", "rtmp", "stream", "config/mod"],
  upstream: ["base", "amf", "rtmp", "flv", "stream", "net", "http1", "config/mod"],
  server: ["base", "amf", "rtmp", "stream", "hls", "record", "net", "config", "cluster", "upstream"],
  http: ["base", "rtmp", "flv", "stream", "mpegts", "hls", "net", "http1", "http2", "config", "cluster", "server"],
  cli: [
    "base",
    "amf",
    "rtmp",
    "flv",
    "mp4",
    "stream",
    "net",
    "config",
    "cluster",
    "upstream",
    "server",
    "threads",
    "http",
  ],
  "main.ts": ["cli"],
};

/** Rooms without sockets, timers, clock, randomness and console: all of that is handed in. */
const pureRooms = ["base", "amf", "rtmp", "flv", "http1", "http2", "stream", "mpegts", "mp4", "hls", "record"];
const impure: readonly [name: string, pattern: RegExp][] = [
  ["Deno", /\bDeno\s*\.|\bDeno\s*\[/],
  ["a timer", /\b(?:setTimeout|setInterval|setImmediate|queueMicrotask)\b/],
  ["the clock", /\bDate\s*\.\s*now\b|\bnew\s+Date\s*\(\s*\)|\bperformance\s*\./],
  ["randomness", /\bMath\s*\.\s*random\b|\bcrypto\s*\.\s*(?:getRandomValues|randomUUID)\b/],
  ["console", /\bconsole\s*\./],
  ["a time-out of the process", /\bAbortSignal\s*\.\s*timeout\b/],
  ["the network", /(?<![.\w#])fetch\s*\(|\bnew\s+WebSocket\b/],
];

const files = sourceFiles();
const imports = files.flatMap(importsOf);

function roomOf(path: string): string {
  return path.split("/")[1] ?? path;
}

function isAllowed({ from, to }: Import): boolean {
  const room = roomOf(to);
  if (room === from.room) return true;
  const file = to.replace(/^src\//, "").replace(/\.ts$/, "");
  return layers[from.room]?.some((open) => open === room || open === file) ?? false;
}

Deno.test("sourceFiles() and importsOf() see the program", () => {
  assertGreater(files.length, 60);
  assertGreater(imports.length, 200);
  const paths = new Set(files.map(({ path }) => path));
  assertEquals(imports.filter(({ to }) => !paths.has(to) && to.endsWith(".ts") && !to.endsWith(".d.ts")), []);
});

Deno.test("importsOf() reads every form of import, and none from comments", () => {
  const text = [
    'import type { A } from "./a.ts";',
    'import { type B, b } from "../amf/b.ts";',
    'import {\n  c,\n} from "./c.ts";',
    'export { d } from "./d.ts";',
    'export * from "./e.ts";',
    'const f = await import("./f.ts");',
    'import "./g.ts";',
    '// import { x } from "./x.ts";',
    '/* import { y } from "./y.ts"; */',
    'import { z } from "@std/z";',
  ].join("\n");
  const found = importsOf({ path: "src/rtmp/t.ts", room: "rtmp", text });
  assertEquals(found.map(({ to, typeOnly }) => `${to}${typeOnly ? " type" : ""}`), [
    "src/rtmp/a.ts type",
    "src/amf/b.ts",
    "src/rtmp/c.ts",
    "src/rtmp/d.ts",
    "src/rtmp/e.ts",
    "src/rtmp/f.ts",
    "src/rtmp/g.ts",
  ]);
});

Deno.test("every room is one of the plan", () => {
  assertEquals(files.filter(({ room }) => layers[room] === undefined).map(({ path }) => path), []);
});

Deno.test("rooms import only what lies below them", () => {
  const file = (path: string): SourceFile => ({ path, room: roomOf(path), text: "" });
  const allowed = (from: string, to: string) => isAllowed({ from: file(from), to, typeOnly: false });
  assertEquals(allowed("src/rtmp/link.ts", "src/stream/packet.ts"), false);
  assertEquals(allowed("src/stream/stats.ts", "src/rtmp/server_session.ts"), false);
  assertEquals(allowed("src/upstream/pull/stream_pull.ts", "src/config/mod.ts"), true);
  const breaches = imports.filter((each) => !isAllowed(each)).map(({ from, to }) => `${from.path} imports ${to}`);
  assertEquals(breaches, []);
});

Deno.test("a worker thread loads nothing but base, net and its own rooms, however far one follows its imports", () => {
  const reached = new Set(["src/threads/worker/fanout_worker.ts"]);
  // A set goes on to what is added on the way.
  for (const path of reached) for (const { to } of imports.filter(({ from }) => from.path === path)) reached.add(to);
  assertGreater(reached.size, 10);
  const own = /^src\/(?:base|net|threads\/(?:worker|protocol))\//;
  assertEquals([...reached].filter((path) => !own.test(path)), []);
});

Deno.test("no files import each other in a circle, not even for types", () => {
  const next = new Map<string, string[]>();
  for (const { from, to } of imports) next.set(from.path, [...(next.get(from.path) ?? []), to]);
  assertEquals(findCircle(next), []);
});

Deno.test("rooms without sockets take clock, timers, randomness and logger as parameters", () => {
  const breaches = files.filter(({ room }) => pureRooms.includes(room)).flatMap(impurities);
  assertEquals(breaches, []);
});

Deno.test("whatever a whole server is made of takes everything outside the program from its world", () => {
  const rooms = ["cluster", "upstream", "server", "http"];
  const breaches = files.filter(({ room }) => rooms.includes(room)).flatMap(({ path, text }) => {
    // Classes of errors, and the types and constants of files, are no way out.
    // A `fetch` that is handed in has the type of the world's.
    const handedIn = /\btype Fetch\b|\bFetch\b.* from "/.test(text) ? /(?<![.\w#])fetch(?=\s*\()/g : /(?!)/;
    const own = text.replace(handedIn, "").replace(/\bDeno\.(?:errors|FsFile|FileInfo|SeekMode)\b/g, "").replace(
      /"[^"\n]*"/g,
      '""',
    );
    return impurities({ path, text: own, room: "" });
  });
  // The page is a part of the program, wherever that was started.
  assertEquals(breaches, ["src/http/console/mount.ts uses Deno"]);
});

Deno.test("upstream takes its connections as parameters", () => {
  const dials = imports.filter(({ from, to, typeOnly }) =>
    from.room === "upstream" && !typeOnly && /net\/(?:tls\/dial|tcp_conn)\.ts$/.test(to)
  );
  assertEquals(dials.map(({ from, to }) => `${from.path} imports ${to}`), []);
});

Deno.test("the configuration's parser reads no files and asks no clock", () => {
  const breaches = files.filter(({ room }) => room === "config").flatMap(impurities);
  assertEquals(breaches, []);
});

function impurities({ path, text }: SourceFile): string[] {
  // The one place where the process's own clock and timers come from.
  const code = path === "src/base/clock.ts" ? text.slice(0, text.indexOf("export const systemTimers")) : text;
  const bare = withoutComments(code);
  return impure.filter(([, pattern]) => pattern.test(bare)).map(([name]) => `${path} uses ${name}`);
}

/** Files of a circle, in its order; none if there is no circle. */
function findCircle(next: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const visit = (path: string, trail: string[]): string[] => {
    const at = trail.indexOf(path);
    if (at >= 0) return [...trail.slice(at), path];
    if (done.has(path)) return [];
    for (const to of next.get(path) ?? []) {
      const circle = visit(to, [...trail, path]);
      if (circle.length > 0) return circle;
    }
    done.add(path);
    return [];
  };
  for (const path of next.keys()) {
    const circle = visit(path, []);
    if (circle.length > 0) return circle;
  }
  return [];
}

Deno.test("findCircle() finds one", () => {
  assertEquals(findCircle(new Map([["a", ["b"]], ["b", ["c", "d"]], ["d", ["b"]]])), ["b", "d", "b"]);
  assertEquals(findCircle(new Map([["a", ["b", "c"]], ["b", ["c"]]])), []);
});
