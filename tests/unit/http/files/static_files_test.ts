import { requestOf } from "../../../kit/peers/http_request.ts";
import { systemWorld } from "../../../../src/net/system_world.ts";
import { assert, assertEquals, assertMatch } from "../../../kit/assert.ts";
import { readCall } from "../../../../src/http/call.ts";
import { mimeType } from "../../../../src/http/files/mime.ts";
import { serveFile } from "../../../../src/http/files/static_files.ts";
import { staticMount } from "../../../../src/http/files/static_mount.ts";
import { isWithin, staticPath } from "../../../../src/http/files/static_path.ts";
import { configOf } from "../../../kit/peers/fake_server.ts";

const paths: [path: string, expected: string | null][] = [
  ["/", ""],
  ["/a.html", "a.html"],
  ["/a/b.html", "a/b.html"],
  ["/a/", "a/"],
  ["/a%20b", "a b"],
  ["/%C3%A9", "é"],
  ["/.well-known/acme", ".well-known/acme"],
  ["/a..b", "a..b"],
  ["/..", null],
  ["/../a", null],
  ["/a/../b", null],
  ["/%2e%2e/a", null],
  ["/%2E%2E%2Fa", null],
  ["/..%2fa", null],
  ["/a%2f..%2fb", null],
  ["/a%2fb", null],
  ["/.", null],
  ["/./a", null],
  ["/%2e", null],
  ["/..\\a", null],
  ["/a\\..\\b", null],
  ["/%5c..%5ca", null],
  ["/C:/a", null],
  ["/C%3a/a", null],
  ["/a.txt::$DATA", null],
  ["//a", null],
  ["/a//b", null],
  ["/%00", null],
  ["/a%00.html", null],
  ["/a%0d%0ab", null],
  ["/%", null],
  ["/%zz", null],
  ["/%ff%fe", null],
  ["/%c0%ae%c0%ae/a", null],
  ["/.git/config", null],
  ["/.env", null],
  ["/a/.htaccess", null],
  ["/...", null],
  [`/${"a".repeat(300)}`, null],
  ["/\u2025/a", "\u2025/a"],
];

for (const [path, expected] of paths) {
  Deno.test(`staticPath: ${JSON.stringify(path.slice(0, 40))}`, () => assertEquals(staticPath(path), expected));
}

Deno.test("isWithin knows a folder from one whose name begins the same", () => {
  assertEquals(["/a/b", "/a/b/c", "/a/bc", "/a", "/"].map((file) => isWithin("/a/b", file)), [
    true,
    true,
    false,
    false,
    false,
  ]);
  assertEquals([isWithin("/", "/x"), isWithin("C:\\w", "C:\\w\\x"), isWithin("C:\\w", "C:\\www")], [true, true, false]);
});

Deno.test("mimeType goes by the extension, and by nothing that every object has", () => {
  assertEquals(["a.html", "b/A.M3U8", "a.b.flv", "a", "a.", ".ts", "a.constructor", "a.__proto__"].map(mimeType), [
    "text/html; charset=utf-8",
    "application/vnd.apple.mpegurl",
    "video/x-flv",
    "application/octet-stream",
    "application/octet-stream",
    "video/MP2T",
    "application/octet-stream",
    "application/octet-stream",
  ]);
});

/** A folder to be served, and a secret beside it. */
class Site implements AsyncDisposable {
  private constructor(readonly top: string) {}

  static async make(): Promise<Site> {
    const site = new Site(await Deno.makeTempDir());
    for (const folder of ["www", "www/sub", "www/empty", "www/page.html.d", "wwwsecret"]) {
      await Deno.mkdir(`${site.top}/${folder}`);
    }
    await Deno.writeTextFile(`${site.top}/secret.txt`, "secret");
    await Deno.writeTextFile(`${site.top}/wwwsecret/secret.txt`, "secret");
    await Deno.writeTextFile(`${site.top}/www/index.html`, "<h1>front</h1>");
    await Deno.writeTextFile(`${site.top}/www/sub/index.html`, "<h1>sub</h1>");
    await Deno.writeTextFile(`${site.top}/www/ten.txt`, "0123456789");
    await Deno.writeTextFile(`${site.top}/www/.hidden`, "secret");
    await Deno.writeTextFile(`${site.top}/www/nothing.txt`, "");
    await Deno.symlink(`${site.top}/secret.txt`, `${site.top}/www/out.txt`);
    await Deno.symlink(site.top, `${site.top}/www/up`);
    await Deno.symlink(`${site.top}/wwwsecret`, `${site.top}/www/aside`);
    await Deno.symlink("ten.txt", `${site.top}/www/in.txt`);
    await Deno.symlink("loop", `${site.top}/www/loop`);
    return site;
  }

  ask(path: string, headers: Record<string, string> = {}, method = "GET"): Promise<Response> {
    const call = readCall(requestOf(path, { method, headers: new Headers(headers) }), "1.2.3.4");
    return serveFile(Deno, `${this.top}/www`, path.replace(/\?.*/, ""), call);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.top, { recursive: true });
  }
}

Deno.test("serveFile answers with a file, its type, length and version", async () => {
  await using site = await Site.make();
  const answer = await site.ask("/ten.txt?x=1");
  const { headers } = answer;
  assertEquals([answer.status, await answer.text()], [200, "0123456789"]);
  assertEquals([headers.get("content-type"), headers.get("content-length"), headers.get("accept-ranges")], [
    "text/plain; charset=utf-8",
    "10",
    "bytes",
  ]);
  assertMatch(headers.get("last-modified") ?? "", / GMT$/);
  assertMatch(headers.get("etag") ?? "", /^"a-[\da-f]+"$/);
  assertEquals(await (await site.ask("/in.txt")).text(), "0123456789");
  assertEquals(await (await site.ask("/nothing.txt")).text(), "");
});

Deno.test("serveFile serves index.html for a folder, redirects to the slash, lists nothing", async () => {
  await using site = await Site.make();
  assertEquals(await (await site.ask("/")).text(), "<h1>front</h1>");
  assertEquals(await (await site.ask("/sub/")).text(), "<h1>sub</h1>");
  const moved = await site.ask("/sub?a=b");
  assertEquals([moved.status, moved.headers.get("location")], [302, "/sub/?a=b"]);
  assertEquals((await site.ask("/empty/")).status, 404);
  assertEquals((await site.ask("/ten.txt/")).status, 404);
});

const outside = [
  "/out.txt",
  "/up/",
  "/up/secret.txt",
  "/aside/secret.txt",
  "/../secret.txt",
  "/%2e%2e/secret.txt",
  "/loop",
];
const missing = [
  "/none.txt",
  "/none/none.txt",
  "/ten.txt/x",
  "/.hidden",
  `/${"é".repeat(200)}`,
  `/${"a/".repeat(3000)}a`,
];

for (const path of [...outside, ...missing]) {
  Deno.test(`serveFile has nothing at ${path.slice(0, 40)}`, async () => {
    await using site = await Site.make();
    const answer = await site.ask(path);
    assertEquals(answer.status, 404);
    assert(!(await answer.text()).includes("secret\n"));
  });
}

Deno.test({
  name: "serveFile does not wait for who writes into a pipe",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using site = await Site.make();
    await new Deno.Command("mkfifo", { args: [`${site.top}/www/pipe`] }).output();
    assertEquals((await site.ask("/pipe")).status, 404);
  },
});

Deno.test("serveFile has nothing where its directory is missing", async () => {
  const call = readCall(requestOf("/a"), "1.2.3.4");
  assertEquals((await serveFile(Deno, "/nonexistent/www", "/a", call)).status, 404);
});

Deno.test("serveFile answers HEAD without a body, and other methods not at all", async () => {
  await using site = await Site.make();
  const head = await site.ask("/ten.txt", {}, "HEAD");
  assertEquals([head.status, head.headers.get("content-length"), head.body], [200, "10", null]);
  assertEquals((await site.ask("/ten.txt", {}, "PUT")).status, 405);
  assertEquals((await site.ask("/ten.txt", {}, "DELETE")).status, 405);
});

Deno.test("serveFile sends the part that is asked for", async () => {
  await using site = await Site.make();
  const ranges: [string, number, string, string | null][] = [
    ["bytes=2-4", 206, "234", "bytes 2-4/10"],
    ["bytes=-2", 206, "89", "bytes 8-9/10"],
    ["bytes=5-", 206, "56789", "bytes 5-9/10"],
    ["bytes=0-1,4-5", 200, "0123456789", null],
  ];
  for (const [range, status, text, contentRange] of ranges) {
    const answer = await site.ask("/ten.txt", { range });
    const { headers } = answer;
    assertEquals([answer.status, headers.get("content-range"), headers.get("content-length"), await answer.text()], [
      status,
      contentRange,
      String(text.length),
      text,
    ]);
  }
  const outside = await site.ask("/ten.txt", { range: "bytes=10-" });
  assertEquals([outside.status, outside.headers.get("content-range")], [416, "bytes */10"]);
  await outside.body?.cancel();
});

Deno.test("serveFile sends a part only of the version that the client has", async () => {
  await using site = await Site.make();
  const first = await site.ask("/ten.txt", {}, "HEAD");
  const etag = first.headers.get("etag")!;
  const lastModified = first.headers.get("last-modified")!;
  for (const [ifRange, status] of [[etag, 206], [lastModified, 206], ['"other"', 200]] as const) {
    const answer = await site.ask("/ten.txt", { range: "bytes=0-0", "if-range": ifRange });
    assertEquals(answer.status, status);
    await answer.body?.cancel();
  }
});

Deno.test("serveFile does not send what the client has already", async () => {
  await using site = await Site.make();
  const { headers } = await site.ask("/ten.txt", {}, "HEAD");
  const etag = headers.get("etag")!;
  const lastModified = headers.get("last-modified")!;
  const cases: [Record<string, string>, number][] = [
    [{ "if-none-match": etag }, 304],
    [{ "if-none-match": `"x", W/${etag}` }, 304],
    [{ "if-none-match": "*" }, 304],
    [{ "if-none-match": '"x"' }, 200],
    [{ "if-none-match": '"x"', "if-modified-since": lastModified }, 200],
    [{ "if-modified-since": lastModified }, 304],
    [{ "if-modified-since": new Date(Date.parse(lastModified) + 60_000).toUTCString() }, 304],
    [{ "if-modified-since": new Date(Date.parse(lastModified) - 60_000).toUTCString() }, 200],
    [{ "if-modified-since": "yesterday" }, 200],
  ];
  for (const [conditions, status] of cases) {
    const answer = await site.ask("/ten.txt", conditions);
    assertEquals([answer.status, JSON.stringify(conditions)], [status, JSON.stringify(conditions)]);
    await answer.body?.cancel();
  }
});

Deno.test("serveFile reads a large file in pieces and closes it when the client leaves", async () => {
  await using site = await Site.make();
  const large = Uint8Array.from({ length: 300_000 }, (_, i) => i % 251);
  await Deno.writeFile(`${site.top}/www/large.bin`, large);
  const whole = new Uint8Array(await (await site.ask("/large.bin")).arrayBuffer());
  assertEquals(whole, large);
  const left = await site.ask("/large.bin");
  const reader = left.body!.getReader();
  assertEquals((await reader.read()).value?.length, 65_536);
  // The sanitizer of resources would tell of a file that stays open.
  await reader.cancel();
});

Deno.test("serveFile breaks off when a file becomes shorter than was said", async () => {
  await using site = await Site.make();
  await Deno.writeFile(`${site.top}/www/large.bin`, new Uint8Array(200_000));
  const answer = await site.ask("/large.bin");
  await Deno.truncate(`${site.top}/www/large.bin`, 100);
  const failure = await answer.arrayBuffer().then(() => "", (error) => String(error));
  assertMatch(failure, /shrank/);
});

Deno.test("staticMount serves http_static to its vhost, http_server.dir to all others", async () => {
  await using site = await Site.make();
  await Deno.writeTextFile(`${site.top}/wwwsecret/own.txt`, "own");
  const config = configOf(`http_server { enabled on; dir ${site.top}/www; }
    vhost __defaultVhost__ { }
    vhost a.com { http_static { enabled on; mount [vhost]/files; dir ${site.top}/wwwsecret; } }
    vhost b.com { http_static { enabled on; dir ${site.top}/wwwsecret; } }`);
  const mount = staticMount({ config, world: systemWorld });
  const ask = async (url: string) => {
    const answer = await mount(readCall(requestOf(url), "1.2.3.4")) as Response;
    return answer.status === 200 ? await answer.text() : answer.status;
  };
  assertEquals(await ask("http://x.com/ten.txt"), "0123456789");
  assertEquals(await ask("http://a.com:8080/ten.txt"), "0123456789");
  assertEquals(await ask("http://a.com/files/own.txt"), "own");
  assertEquals(await ask("http://a.com/filesown.txt"), 404);
  assertEquals(await ask("http://a.com/files/../ten.txt"), 404);
  assertEquals(await ask("http://b.com/own.txt"), "own");
  assertEquals(await ask("http://b.com/ten.txt"), 404);
});
