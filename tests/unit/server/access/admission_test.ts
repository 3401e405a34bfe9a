import { RequestDenied } from "../../../../src/base/errors.ts";
import { parseStreamUrl } from "../../../../src/rtmp/url.ts";
import {
  Admission,
  type AdmissionClient,
  type Admitted,
  refusalStatus,
} from "../../../../src/server/access/admission.ts";
import type { ServerContext } from "../../../../src/server/context.ts";
import { Hooks } from "../../../../src/server/hooks/hooks.ts";
import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "../../../kit/assert.ts";
import { configOf, type FakeServer, fakeServer } from "../../../kit/peers/fake_server.ts";
import { ManualTimers, turn } from "../../../kit/memory/manual_timers.ts";
import { TestLog } from "../../../kit/test_log.ts";

const ALL = "on_connect http://h/c; on_close http://h/x; on_publish http://h/p; on_unpublish http://h/u; " +
  "on_play http://h/y; on_stop http://h/s;";

/** One client of a server without sockets; each call of a hook waits until the test answers it. */
class Stage {
  readonly timers = new ManualTimers();
  readonly log = new TestLog();
  readonly server: FakeServer;
  readonly hooks: Hooks;
  readonly context: ServerContext;
  readonly client: AdmissionClient;
  readonly admission: Admission;
  /** Calls made, as `action stream`. */
  readonly calls: string[] = [];
  /** Calls that wait for their answers. */
  readonly open: ((body: string) => void)[] = [];
  #isAutomatic = false;

  constructor(vhost: string, hasConnect = true) {
    this.server = fakeServer(`vhost __defaultVhost__ { ${vhost} }`);
    const { identity } = this.server;
    this.hooks = new Hooks({ timers: this.timers, identity, fetch: (_url, init) => this.#answer(init) });
    this.context = { ...this.server, hooks: this.hooks } as unknown as ServerContext;
    Object.defineProperty(this.context, "config", { get: () => this.server.config });
    this.client = {
      id: "cid00001",
      remoteIp: "10.0.0.9",
      tcUrl: "rtmp://h/live",
      pageUrl: "",
      swfUrl: "",
      args: {},
      bytesIn: 1,
      bytesOut: 2,
      log: this.log,
    };
    this.admission = new Admission(this.context, this.client, hasConnect);
  }

  /** Answers all calls with `0` from now on. */
  answerAll(): this {
    this.#isAutomatic = true;
    return this;
  }

  admit(kind: "publish" | "play", name: string): Admitted | Promise<Admitted> {
    return this.admission.admit(kind, parseStreamUrl("rtmp://h/live", name));
  }

  async answer(body = "0"): Promise<void> {
    await turn();
    this.open.shift()!(body);
    await turn();
  }

  #answer({ body, signal }: RequestInit): Promise<Response> {
    const { action, stream } = JSON.parse(String(body));
    this.calls.push(stream === undefined ? action : `${action} ${stream}`);
    if (this.#isAutomatic) return Promise.resolve(new Response("0"));
    return new Promise((resolve, reject) => {
      this.open.push((text) => resolve(new Response(text)));
      signal?.addEventListener("abort", () => reject(new TypeError("aborted")));
    });
  }
}

const silent: [what: string, vhost: string][] = [
  ["no checks", ""],
  ["hooks that are off", `http_hooks { enabled off; ${ALL} }`],
  ["hooks that are only told", "http_hooks { enabled on; on_close http://h/x; on_unpublish http://h/u; }"],
  ["rules", 'security { enabled on; allow publish all; } refer { enabled on; all ""; }'],
  ["destinations", "forward { enabled on; destination a b:1936; }"],
  ["a backend that is off", "forward { enabled off; backend http://h/f; }"],
  ["token_traverse on an origin", "cluster { token_traverse on; }"],
];

for (const [what, vhost] of silent) {
  Deno.test(`Admission answers at once with ${what}`, () => {
    const stage = new Stage(vhost);
    const admitted = stage.admit("publish", "s");
    assert(!(admitted instanceof Promise));
    assertEquals([admitted.url.key, stage.admission.isPending], ["/live/s", false]);
    assertEquals(admitted.forwardTo, what === "destinations" ? ["a", "b:1936"] : []);
  });
}

Deno.test("Admission copies only published streams", () => {
  const stage = new Stage("forward { enabled on; destination a; backend http://h/f; }");
  const admitted = stage.admit("play", "s");
  assert(!(admitted instanceof Promise));
  assertEquals(admitted.forwardTo, []);
});

Deno.test("Admission asks in order, and is pending until the last has answered", async () => {
  const stage = new Stage(`http_hooks { enabled on; ${ALL} } forward { enabled on; backend http://h/f; }`);
  const admitting = stage.admit("publish", "s");
  assertInstanceOf(admitting, Promise<Admitted>);
  await stage.answer();
  await stage.answer();
  assertEquals([stage.calls, stage.admission.isPending], [["on_connect s", "on_publish s", "on_forward s"], true]);
  await stage.answer('{"code":0,"data":{"urls":["rtmp://a/live/s"]}}');
  const admitted = await admitting;
  assertEquals([admitted.forwardTo, stage.admission.isPending], [["rtmp://a/live/s"], false]);
});

Deno.test("Admission tells each end once, and that of the client last, whatever comes first", async () => {
  const stage = new Stage(`http_hooks { enabled on; ${ALL} }`).answerAll();
  const one = await stage.admit("publish", "one");
  one.end();
  one.end();
  one.drop();
  const two = await stage.admit("play", "two");
  stage.admission.leave();
  stage.admission.leave();
  await turn();
  assertEquals(stage.calls.includes("on_close"), false);
  two.end();
  await turn();
  await turn();
  const expected = "on_connect one,on_publish one,on_unpublish one,on_connect two,on_play two,on_stop two,on_close";
  assertEquals(stage.calls.join(), expected);
});

Deno.test("Admission makes no call before the one before it is over", async () => {
  const stage = new Stage(`http_hooks { enabled on; ${ALL} }`);
  const first = stage.admit("publish", "one");
  await stage.answer();
  await stage.answer();
  (await first).end();
  const second = stage.admit("publish", "two");
  await turn();
  assertEquals(stage.calls, ["on_connect one", "on_publish one", "on_unpublish one"]);
  // The hook does not take it: it is told again, and only then asked about the next stream.
  await stage.timers.run(5000);
  assertEquals(stage.calls.at(-1), "on_unpublish one");
  stage.answerAll();
  stage.open.at(-1)!("0");
  await second;
  assertEquals(stage.calls.slice(3), ["on_unpublish one", "on_connect two", "on_publish two"]);
});

Deno.test("Admission.drop() is told to nobody, the end of the client is", async () => {
  const stage = new Stage(`http_hooks { enabled on; ${ALL} }`).answerAll();
  (await stage.admit("publish", "s")).drop();
  stage.admission.leave();
  await turn();
  await turn();
  assertEquals(stage.calls, ["on_connect s", "on_publish s", "on_close"]);
});

Deno.test("Admission asks nobody about a client that has left", async () => {
  const stage = new Stage(`http_hooks { enabled on; ${ALL} }`);
  const admitting = stage.admit("play", "s") as Promise<Admitted>;
  const rejected = assertRejects(() => admitting, RequestDenied, "disconnected");
  await turn();
  stage.admission.leave();
  await stage.answer();
  await rejected;
  await turn();
  assertEquals(stage.calls, ["on_connect s", "on_close"]);
});

Deno.test("Admission without a connection knows nothing of on_connect and on_close", async () => {
  const stage = new Stage(`http_hooks { enabled on; ${ALL} }`, false).answerAll();
  const admitted = await stage.admit("play", "s");
  admitted.end();
  stage.admission.leave();
  await turn();
  await turn();
  assertEquals(stage.calls, ["on_play s", "on_stop s"]);
});

Deno.test("Admission tells ends to the hooks that are configured then", async () => {
  const stage = new Stage(`http_hooks { enabled on; ${ALL} }`).answerAll();
  const admitted = await stage.admit("play", "s");
  Object.assign(stage.server, {
    config: configOf("vhost __defaultVhost__ { http_hooks { enabled on; on_stop http://h/n; } }"),
  });
  admitted.end();
  stage.admission.leave();
  await turn();
  await turn();
  assertEquals(stage.calls, ["on_connect s", "on_play s", "on_stop s"]);
});

Deno.test("refusalStatus() tells what the refusal is about", async () => {
  const stage = new Stage(`http_hooks { enabled on; ${ALL} }`);
  const ask = async (kind: "publish" | "play", ...answers: string[]) => {
    const rejected = assertRejects(() => stage.admit(kind, "s") as Promise<Admitted>, RequestDenied);
    for (const answer of answers) await stage.answer(answer);
    return refusalStatus(await rejected, kind);
  };
  assertEquals(
    [await ask("play", "1"), await ask("publish", "1"), await ask("play", "0", "1"), await ask("publish", "0", "1")],
    ["connectRejected", "connectRejected", "playFailed", "publishDenied"],
  );
});

Deno.test("Admission refuses names without a vhost", () => {
  const stage = new Stage("enabled off;");
  const error = assertThrows(() => stage.admit("play", "s?vhost=a.com"), RequestDenied);
  assertEquals([error.codeName, error.message], [
    "NoVhost",
    "unknown vhost a.com, and no __defaultVhost__ to use instead",
  ]);
});

Deno.test("Hooks.stop() waits for what is told, not for ever, and lets nothing begin behind it", async () => {
  const stage = new Stage(`http_hooks { enabled on; ${ALL} timeout 60000; }`);
  const admitting = stage.admit("play", "s");
  await stage.answer();
  await stage.answer();
  (await admitting).end();
  stage.admission.leave();
  await turn();
  let isOver = false;
  const stopping = stage.hooks.stop(2000).then(() => isOver = true);
  await stage.answer();
  assertEquals([stage.calls.at(-1), isOver], ["on_close", false]);
  await stage.timers.run(2000);
  await stopping;
  const count = stage.calls.length;
  const late = new Admission(stage.context, stage.client);
  const asked = () => late.admit("play", parseStreamUrl("rtmp://h/live", "t")) as Promise<Admitted>;
  await assertRejects(asked, RequestDenied, "could not be asked");
  assertEquals(stage.calls.length, count);
});
