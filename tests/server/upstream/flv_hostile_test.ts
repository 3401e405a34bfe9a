import { assertEquals, assertGreater, assertLess, assertMatch } from "../../kit/assert.ts";
import { type FakeFlvClient, FakeFlvOrigin, flvBytes, inChunks } from "../../kit/server/fake_flv_origin.ts";
import { WebServer } from "../../kit/server/http_flv_rig.ts";
import { freePort, Publisher, serverTest, sleep, TestServer, until, Viewer } from "../../kit/server/rtmp_rig.ts";

const realTime = "min_latency on;";
const quick = "linger 100; first_media_timeout 600; idle_timeout 1000;";
const head = "HTTP/1.1 200 OK\r\nContent-Type: video/x-flv\r\n";
const chunkedHead = `${head}Transfer-Encoding: chunked\r\n\r\n`;
const notFound = "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno";
const rest = (ms = 10_000) => sleep(ms);

function flvEdge(origins: readonly string[], directives = quick): TestServer {
  const list = origins.join(" ");
  return new TestServer(`${realTime} cluster { mode remote; protocol flv; origin ${list}; ${directives} }`);
}

/** A stream that the edge asks this origin for first. */
function streamFor(edge: TestServer, first: string, origins: string[], prefix: string): string {
  const { pool } = edge.server.pulls;
  const known = origins.map((text) => ({ text }));
  for (let i = 0;; i++) if (pool.order(known, `/live/${prefix}${i}`)[0]?.text === first) return `${prefix}${i}`;
}

/** Every way to give no stream. */
const useless: { name: string; serve: (client: FakeFlvClient) => void | Promise<void>; error: RegExp }[] = [
  { name: "closes at once", serve: () => {}, error: /closed the connection/ },
  { name: "is silent", serve: ({ gone }) => gone, error: /no answer within 600 ms/ },
  { name: "knows no such stream", serve: (client) => client.send(notFound), error: /HTTP 404/ },
  { name: "is overloaded", serve: (client) => client.send("HTTP/1.1 503 Busy\r\n\r\n"), error: /HTTP 503/ },
  {
    name: "sends a head and no media",
    serve: async (client) => {
      await client.send(chunkedHead);
      await client.gone;
    },
    error: /no media for/,
  },
  {
    name: "is slow to say anything at all",
    serve: async (client) => {
      for (const letter of `${chunkedHead}`) {
        await client.send(letter);
        await rest(30);
      }
    },
    error: /no answer within 600 ms/,
  },
  {
    name: "speaks another protocol",
    serve: (client) => client.send(new Uint8Array(3073)),
    error: /not an HTTP/,
  },
  {
    name: "sends headers without end",
    serve: async (client) => {
      await client.send(head);
      for (let i = 0; i < 100; i++) await client.send(`X-${i}: ${"x".repeat(1000)}\r\n`);
      await client.gone;
    },
    error: /longer than 16384 bytes/,
  },
  {
    name: "sends preliminary answers without end",
    serve: async (client) => {
      for (let i = 0; i < 1000; i++) await client.send("HTTP/1.1 100 Continue\r\n\r\n");
      await client.gone;
    },
    error: /more than 10 interim/,
  },
  {
    name: "sends a page",
    serve: (client) => client.send(`${head}\r\n<html>${"no stream ".repeat(100)}`),
    error: /not an FLV file/,
  },
  {
    name: "sends a tag that does not exist",
    serve: (client) =>
      client.send(`${head}\r\n`).then(() =>
        client.send(Uint8Array.of(0x46, 0x4c, 0x56, 1, 5, 0, 0, 0, 9, 0, 0, 0, 0, 99, ...new Array(20).fill(1)))
      ),
    error: /unknown tag type/,
  },
  {
    name: "sends a chunk of a negative size",
    serve: (client) => client.send(`${chunkedHead}-1\r\nabc`),
    error: /a chunk has no size/,
  },
  {
    name: "sends a body with two lengths",
    serve: (client) => client.send(`${head}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n`),
    error: /ambiguous body length/,
  },
  {
    name: "ends the answer before there was any media",
    serve: (client) => client.send(`${chunkedHead}0\r\n\r\n`),
    error: /the stream ended/,
  },
  { name: "sends an empty body", serve: (client) => client.send(`${head}Content-Length: 0\r\n\r\n`), error: /ended/ },
];

serverTest("an edge finds the good origin beside one that gives no stream, in whatever way", async () => {
  await using good = new WebServer({ vhost: realTime });
  await Promise.all(useless.map(async ({ name, serve }, i) => {
    using bad = new FakeFlvOrigin(serve);
    const origins = [bad.text, `127.0.0.1:${good.webPort}`];
    await using edge = flvEdge(origins);
    const stream = streamFor(edge, bad.text, origins, `${i}-`);
    using _publisher = await Publisher.start(good.port, stream);
    const startedMs = performance.now();
    using viewer = await Viewer.start(edge.port, stream);
    await viewer.waitForFrames(10);
    assertLess(performance.now() - startedMs, 3000, name);
    assertGreater(bad.asked.length, 0, `${name}: it was asked first`);
    assertEquals(viewer.breaks, [], name);
    await until(`${name}: the bad one is left alone`, () => bad.clients === 0);
  }));
});

serverTest("an edge with no other origin refuses its players in the end, tells why, and hammers nobody", async () => {
  await Promise.all(useless.map(async ({ name, serve, error }) => {
    using bad = new FakeFlvOrigin(serve);
    await using edge = flvEdge([bad.text], `${quick} owner_timeout 1500;`);
    using viewer = await Viewer.start(edge.port, "s");
    await until(`${name}: the player is refused`, () => viewer.ended !== "", 5000);
    assertEquals(viewer.codes.at(-1), "NetStream.Play.StreamNotFound", name);
    assertEquals(edge.log.lines.some((line) => error.test(line)), true, `${name}: ${edge.log.lines.join("\n")}`);
    assertLess(bad.asked.length, 25, name);
    await until("nothing goes on", () => bad.clients === 0 && edge.server.pulls.states().length === 0);
    assertEquals(edge.log.find("internalError"), []);
  }));
});

/** Every form in which a stream may come. */
const framings: { name: string; serve: (client: FakeFlvClient, flv: Uint8Array) => Promise<void> }[] = [
  {
    name: "until the connection ends",
    serve: async (client, flv) => {
      await client.send(`${head}\r\n`);
      await client.send(flv);
    },
  },
  {
    name: "HTTP/1.0",
    serve: async (client, flv) => {
      await client.send("HTTP/1.0 200 OK\r\n\r\n");
      await client.send(flv);
    },
  },
  {
    name: "with its length",
    serve: async (client, flv) => {
      await client.send(`${head}content-length: ${flv.length}\r\n\r\n`);
      await client.send(flv);
    },
  },
  ...[1, 7, 1000, 1e6].map((size) => ({
    name: `in chunks of ${size} bytes`,
    serve: async (client: FakeFlvClient, flv: Uint8Array) => {
      await client.send(chunkedHead);
      await client.send(inChunks(flv, size));
      await client.send("0\r\n\r\n");
    },
  })),
  {
    name: "behind preliminary answers",
    serve: async (client, flv) => {
      await client.send(`HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n${head}\r\n`);
      await client.send(flv);
    },
  },
];

serverTest("an edge takes a stream in every form that HTTP has for it", async () => {
  await Promise.all(framings.map(async ({ name, serve }) => {
    using origin = new FakeFlvOrigin(async (client) => {
      await serve(client, flvBytes(60));
      await client.gone;
    });
    await using edge = flvEdge([origin.text]);
    using viewer = await Viewer.start(edge.port, "s");
    await until(name, () => viewer.frames.length >= 60);
    // A stream that has ended is asked for again, and begins again.
    assertEquals(viewer.frames.slice(0, 60), Array.from({ length: 60 }, (_, i) => 10 + i), name);
    assertMatch(origin.asked[0]!, /^GET \/live\/s\.flv HTTP\/1\.1\r\nHost: 127\.0\.0\.1:\d+\r\nuser-agent: srs-ts\//);
  }));
});

serverTest("an edge gives up an origin that falls silent in the middle, or cuts the stream; players stay", async () => {
  await using good = new WebServer({ vhost: realTime });
  const endings: [name: string, serve: (client: FakeFlvClient) => Promise<void>][] = [
    ["silence", (client) => client.gone],
    ["a cut", () => Promise.resolve()],
    ["half a tag", (client) => client.send(inChunks(flvBytes(1).subarray(13, 40), 27))],
    ["garbage", (client) => client.send(inChunks(new Uint8Array(5000).fill(0x55), 5000))],
    ["the end of the stream", (client) => client.send("0\r\n\r\n")],
  ];
  await Promise.all(endings.map(async ([name, end], i) => {
    let served = false;
    using bad = new FakeFlvOrigin(async (client) => {
      if (served) return client.send(notFound);
      served = true;
      await client.send(chunkedHead);
      await client.send(inChunks(flvBytes(40), 999));
      await end(client);
    });
    const origins = [bad.text, `127.0.0.1:${good.webPort}`];
    await using edge = flvEdge(origins);
    const stream = streamFor(edge, bad.text, origins, `${i}-`);
    using viewer = await Viewer.start(edge.port, stream);
    await viewer.waitForFrames(1);
    using _publisher = await Publisher.start(good.port, stream);
    await viewer.waitForFrames(30);
    assertEquals(viewer.ended, "", name);
    assertLess(viewer.worstGapMs, 3500, name);
    assertEquals(edge.server.pulls.states()[0]?.upstream, origins[1], name);
  }));
});

function redirectsTo(location: () => string, status = "302 Found"): FakeFlvOrigin {
  return new FakeFlvOrigin((client) => client.send(`HTTP/1.1 ${status}\r\nLocation: ${location()}\r\n\r\n`));
}

serverTest("an edge follows a redirect of HTTP to the letter", async () => {
  for (const status of ["301 Moved", "302 Found", "307 Temporary Redirect"]) {
    using owner = new FakeFlvOrigin(async (client) => {
      await client.send(`${head}\r\n`);
      await client.send(flvBytes(20));
      await client.gone;
    });
    using knowing = redirectsTo(() => `http://${owner.text}/other/name.flv?key=1&x=%20`, status);
    await using edge = flvEdge([knowing.text]);
    using viewer = await Viewer.start(edge.port, "s?token=secret");
    await until("media comes", () => viewer.frames.length > 0);
    assertMatch(knowing.asked[0]!, /^GET \/live\/s\.flv\?token=secret HTTP/);
    assertMatch(owner.asked[0]!, /^GET \/other\/name\.flv\?key=1&x=%20 HTTP/);
    assertEquals(edge.log.find("key=1"), [], "no parameters in the log");
  }
});

serverTest(
  "an edge ends redirects that lead in circles, to other things than an FLV, nowhere, or too far",
  async () => {
    const asked = "/live/s.flv";
    type Build = (stack: DisposableStack) => FakeFlvOrigin;
    const to = (location: () => string): Build => (stack) => stack.use(redirectsTo(location));
    const cases: { name: string; build: Build; log: RegExp }[] = [
      {
        name: "to itself",
        build: (stack) => {
          const self: FakeFlvOrigin = stack.use(redirectsTo(() => `http://${self.text}${asked}`));
          return self;
        },
        log: /not followed: that server was already asked/,
      },
      { name: "to itself, in short", build: to(() => asked), log: /not followed: that server was already asked/ },
      {
        name: "in a circle of two",
        build: (stack) => {
          const first: FakeFlvOrigin = stack.use(redirectsTo(() => `http://${second.text}${asked}`));
          const second: FakeFlvOrigin = stack.use(redirectsTo(() => `http://${first.text}${asked}`));
          return first;
        },
        log: /not followed: that server was already asked/,
      },
      {
        name: "along an endless chain",
        build: (stack) => {
          const next = (): FakeFlvOrigin => stack.use(redirectsTo(() => `http://${next().text}${asked}`));
          return next();
        },
        log: /not followed: the limit is 3 redirects/,
      },
      ...["rtmp://127.0.0.1:1935/live/s", "file:///etc/passwd", "gopher://127.0.0.1:70/x.flv", "http://[", "http://"]
        .map((
          location,
        ) => ({ name: location, build: to(() => location), log: /not followed: it is not an HTTP-FLV address/ })),
      ...["http://169.254.169.254/latest/meta-data/", "http://127.0.0.1:9/admin?x=s.flv", "http://127.0.0.1:9/#s.flv"]
        .map(
          (location) => ({
            name: location,
            build: to(() => location),
            log: /not followed: it is not an HTTP-FLV address/,
          }),
        ),
      { name: "to a dead port", build: to(() => `http://127.0.0.1:${freePort()}${asked}`), log: /connection refused/ },
      { name: "without an address", build: to(() => ""), log: /HTTP 302/ },
    ];
    await Promise.all(cases.map(async ({ name, build, log }) => {
      using stack = new DisposableStack();
      const origin = build(stack);
      await using edge = flvEdge([origin.text], `${quick} owner_timeout 700;`);
      using viewer = await Viewer.start(edge.port, "s");
      await until(`${name}: the player is refused`, () => viewer.ended !== "", 3000);
      assertEquals(edge.log.lines.some((line) => log.test(line)), true, `${name}: ${edge.log.lines.join("\n")}`);
      assertLess(origin.asked.length, 12, name);
    }));
  },
);

serverTest("an edge tells an origin who pulls, for whom, unless debug_srs_upnode is off", async () => {
  const request = async (directives: string) => {
    using origin = new FakeFlvOrigin((client) => client.send(notFound));
    await using edge = flvEdge([origin.text], `${quick} owner_timeout 300; ${directives}`);
    using viewer = await Viewer.start(edge.port, "s");
    await until("it is asked", () => origin.asked.length > 0);
    await until("the player is refused", () => viewer.ended !== "");
    return origin.asked[0]!;
  };
  assertMatch(await request(""), /\r\nuser-agent: srs-ts\/[\d.]+\r\nx-srs-ts-via: [a-z0-9]{8}\r\n/);
  const silent = await request("debug_srs_upnode off;");
  assertMatch(silent, /\r\nuser-agent: srs-ts\r\n/);
  assertEquals(silent.includes("via"), false);
});

serverTest("what a player says cannot leave its place in the request of an edge", async () => {
  using origin = new FakeFlvOrigin((client) => client.send(notFound));
  await using edge = flvEdge([origin.text], `${quick} owner_timeout 500;`);
  const names = [
    "s%0d%0aX-Evil:%201",
    "s%20HTTP/1.1",
    "\u00e9\ud83d\ude00",
    "s?a=%0d%0ab",
    "a'\"<>b",
    "100%",
    "s..flv",
  ];
  for (const name of names) {
    using viewer = await Viewer.start(edge.port, name);
    await until(`${name} is refused`, () => viewer.ended !== "" || viewer.codes.length > 0, 3000);
    await until(`${name} ends`, () => viewer.ended !== "", 3000);
  }
  assertGreater(origin.asked.length, 3);
  for (const request of origin.asked) {
    assertMatch(request, /^GET \/live\/[!-~]*\.flv(\?[!-~]*)? HTTP\/1\.1\r\n(?:[A-Za-z-]+: [!-~ ]*\r\n){3,8}\r\n$/);
  }
});
