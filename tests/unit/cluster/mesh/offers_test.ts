import { assertEquals } from "../../../kit/assert.ts";
import type { OwnerQuery, ReadAnswer } from "../../../../src/cluster/mesh/coworker_question.ts";
import type { Fetch } from "../../../../src/base/world.ts";
import { findOffers } from "../../../../src/cluster/mesh/offers.ts";
import { ManualTimers, turn } from "../../../kit/memory/manual_timers.ts";

const query: OwnerQuery = {
  coworkers: ["a:1", "b:1", "c:1"],
  timeoutMs: 1000,
  key: "/live/s",
  vhost: "__defaultVhost__",
  app: "live",
  stream: "s",
  ip: "10.0.0.1",
  token: "secret",
};

type Behaviour = () => Response | Promise<Response>;

const offers = (ip: string, port = 1935): Behaviour => () =>
  Response.json({ code: 0, data: { origin: null, stand_in: { ip, port } } });
const silent: Behaviour = () => new Promise(() => {});

/** Asks coworkers that behave so, by their names. */
function search(behaviours: Record<string, Behaviour>) {
  const timers = new ManualTimers();
  const asked: string[] = [];
  const fetch: Fetch = async (url, init) => {
    asked.push(url);
    const signal = init.signal!;
    const answer = behaviours[new URL(url).hostname]!;
    return await Promise.race([
      answer(),
      new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    ]);
  };
  let found: string[] | null = null;
  const question = { parameter: "stand_in=1", read: ({ standIn }: ReadAnswer) => standIn };
  findOffers(fetch, timers, query, question).then((all) => found = all.map(({ ip, port }) => `${ip}:${port}`));
  return {
    timers,
    asked,
    async after(ms: number): Promise<string[] | null> {
      await timers.run(ms);
      await turn();
      return found;
    },
  };
}

Deno.test("findOffers() asks all with the question of SRS and one more parameter", async () => {
  const { asked, after } = search({ a: offers("10.0.0.2"), b: offers("10.0.0.3", 19350), c: offers("10.0.0.4") });
  assertEquals(await after(0), ["10.0.0.2:1935", "10.0.0.3:19350", "10.0.0.4:1935"]);
  assertEquals(
    asked[0],
    "http://a:1/api/v1/clusters?vhost=__defaultVhost__&ip=10.0.0.1&app=live&stream=s&coworker=a:1&stand_in=1",
  );
});

Deno.test("findOffers() does not take those that offer nothing, as SRS, nor what makes no sense", async () => {
  const srs: Behaviour = () => Response.json({ code: 0, data: { query: {}, origin: null } });
  const draining: Behaviour = () => Response.json({ code: 0, data: { origin: null, stand_in: null } });
  const mad: Behaviour = () => Response.json({ code: 0, data: { origin: null, stand_in: { ip: "x y", port: "1" } } });
  const { after, timers } = search({ a: srs, b: draining, c: mad });
  assertEquals(await after(0), []);
  assertEquals(timers.pendingCount, 0);
});

Deno.test("findOffers() waits a moment for others behind the first, not for the budget", async () => {
  const { after, timers } = search({ a: silent, b: offers("10.0.0.3"), c: silent });
  assertEquals(await after(40), null);
  assertEquals(await after(20), ["10.0.0.3:1935"]);
  assertEquals(timers.pendingCount, 0);
});

Deno.test("findOffers() gives up at the end of its budget", async () => {
  const refused: Behaviour = () => Promise.reject(new TypeError("refused"));
  const { after, timers } = search({ a: silent, b: refused, c: silent });
  assertEquals(await after(990), null);
  assertEquals(await after(20), []);
  assertEquals(timers.pendingCount, 0);
});
