import { RequestDenied } from "../../../../src/base/errors.ts";
import { parseStreamUrl } from "../../../../src/rtmp/url.ts";
import type { Admitted } from "../../../../src/server/access/admission.ts";
import { Hooks } from "../../../../src/server/hooks/hooks.ts";
import { type RoleRequest, RtmpGate } from "../../../../src/server/rtmp/gate.ts";
import { assertEquals, assertMatch, assertThrows } from "../../../kit/assert.ts";
import { fakeServer } from "../../../kit/peers/fake_server.ts";
import { ManualTimers, turn } from "../../../kit/memory/manual_timers.ts";
import { TestLog } from "../../../kit/test_log.ts";

const HOOK = "http_hooks { enabled on; on_play http://h/p; on_publish http://h/p; on_stop http://h/s; }";

/** A gate in front of a connection without a socket; hooks are answered when the test says so. */
class Stage {
  readonly log = new TestLog();
  readonly heard: string[] = [];
  readonly admitted: Admitted[] = [];
  /** Answers the hook that was called first of those that wait. */
  readonly hooks: ((body: string) => void)[] = [];
  /** What the drain finds; null where no coworker takes over. */
  standIn: string | null = null;
  isDraining = false;
  isOver = false;
  readonly gate: RtmpGate;
  readonly server;

  /** @param vhost Its blocks. @param info Members of the client's `connect`. */
  constructor(vhost = "", info: { capsEx?: number; args?: Record<string, string> } = {}) {
    const note = (text: string) => void this.heard.push(text);
    const isDraining = () => this.isDraining;
    const fake = fakeServer(`vhost __defaultVhost__ { ${vhost} }`);
    const fetch = () => new Promise<Response>((answer) => this.hooks.push((body) => answer(new Response(body))));
    this.server = {
      ...fake,
      hooks: new Hooks({ timers: new ManualTimers(), identity: fake.identity, fetch }),
      drain: {
        get isOn() {
          return isDraining();
        },
        hasCoworkers: () => true,
        findDestination: () =>
          Promise.resolve(this.standIn === null ? null : { stream: `${this.standIn}/s`, tcUrl: this.standIn }),
      },
    };
    const host = {
      id: "cid00001",
      log: this.log,
      remoteIp: "10.0.0.9",
      bytesIn: 0,
      bytesOut: 0,
      guard: (fn: () => void) => fn(),
      onAnswered: () => note("answered"),
      finish: (reason: string) => note(`finish ${reason}`),
    };
    const session = {
      connectInfo: {
        app: "live",
        tcUrl: "rtmp://h/live",
        pageUrl: "",
        swfUrl: "",
        flashVer: "",
        objectEncoding: 0,
        capsEx: info.capsEx ?? 0,
        isEnhanced: false,
        args: info.args ?? {},
      },
      accept: () => note("accept"),
      reject: (id: number, status: string, text: string) => note(`reject ${id} ${status}: ${text}`),
      sendStatus: (status: string) => note(status),
      requestReconnect: (tcUrl?: string) => note(`reconnect ${tcUrl}`),
    };
    const isOver = () => this.isOver;
    this.gate = new RtmpGate({ host, session, server: this.server }, {
      onAdmitted: (request, admitted) => {
        note(`admitted ${request.kind} ${admitted.url.key}`);
        this.admitted.push(admitted);
      },
      get isOver() {
        return isOver();
      },
    });
  }

  ask(kind: "play" | "publish"): void {
    this.gate.ask({ kind, id: 7, url: parseStreamUrl("rtmp://h/live", "s") } as RoleRequest);
  }
}

Deno.test("RtmpGate admits at once where nobody has to be asked", () => {
  const stage = new Stage();
  stage.ask("publish");
  assertEquals([stage.heard, stage.gate.isPending], [["admitted publish /live/s"], false]);
});

Deno.test("RtmpGate tells a client that a rule refuses it, each kind of request in its own words", () => {
  for (const [kind, status] of [["play", "playFailed"], ["publish", "publishDenied"]] as const) {
    const stage = new Stage("security { enabled on; deny play all; deny publish all; }");
    assertThrows(() => stage.ask(kind), RequestDenied);
    assertMatch(stage.heard.join(), new RegExp(`^reject 7 ${status}: `));
  }
});

Deno.test("RtmpGate keeps a request while a hook thinks, then admits it, or refuses it and finishes", async () => {
  for (
    const [answer, expected] of [["0", /^admitted play \/live\/s,answered$/], ["1", /^reject 7 .*,finish refused$/]]
  ) {
    const stage = new Stage(HOOK);
    stage.ask("play");
    await turn();
    assertEquals([stage.heard, stage.gate.isPending], [[], true]);
    stage.hooks.shift()!(String(answer));
    await turn();
    assertMatch(stage.heard.join(), expected as RegExp);
    assertEquals([stage.gate.isPending, stage.server.registry.totalErrors], [false, answer === "0" ? 0 : 1]);
  }
});

Deno.test("RtmpGate ends what is admitted for a client that has gone meanwhile, and the hook hears of it", async () => {
  const stage = new Stage(HOOK);
  stage.ask("play");
  await turn();
  stage.isOver = true;
  stage.hooks.shift()!("0");
  await turn();
  assertEquals([stage.heard, stage.hooks.length], [[], 1]);
});

Deno.test("RtmpGate of a server that is about to stop sends those on that can go elsewhere, and refuses the others", async () => {
  const stays = new Stage();
  stays.isDraining = true;
  assertThrows(() => stays.ask("publish"), RequestDenied, "about to stop");
  assertMatch(stays.heard.join(), /^reject 7 publishDenied: /);

  for (const standIn of ["rtmp://10.0.0.2/live", null]) {
    const moves = new Stage("", { capsEx: 1 });
    moves.isDraining = true;
    moves.standIn = standIn;
    moves.ask("publish");
    await turn();
    const told = standIn === null ? "" : "reconnect rtmp://10.0.0.2/live,";
    assertMatch(moves.heard.join(), new RegExp(`^${told}reject 7 publishDenied: [^,]*,finish refused$`));
  }
});

Deno.test("RtmpGate of a server that is about to stop still lets in the players that are servers", () => {
  const stage = new Stage("", { args: { "srs_server": "SRS/6" } });
  stage.isDraining = true;
  stage.ask("play");
  assertEquals(stage.heard, ["admitted play /live/s"]);
  assertThrows(() => stage.ask("publish"), RequestDenied);
});
