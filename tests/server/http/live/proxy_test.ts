import { assertEquals } from "../../../kit/assert.ts";
import { FlvViewer, WebServer } from "../../../kit/server/http_flv_rig.ts";
import { Publisher, serverTest, until } from "../../../kit/server/rtmp_rig.ts";

const live = "/live/s.flv";
const from = (ip: string) => ({ headers: { "x-forwarded-for": ip } });

async function statusOf(server: WebServer, ip: string): Promise<number> {
  await using viewer = await FlvViewer.start(server.url(live), from(ip));
  return viewer.status;
}

async function addressesIn(server: WebServer): Promise<string[]> {
  const { clients } = await fetch(`http://127.0.0.1:${server.apiPort}/api/v1/clients/`).then((answer) => answer.json());
  return clients.filter(({ type }: { type: string }) => type === "flv-play").map(({ ip }: { ip: string }) => ip);
}

serverTest("trusted_proxies: the client behind a proxy counts in limits, security, API and log", async () => {
  await using server = new WebServer({
    vhost: "min_latency on; security { enabled on; deny play 203.0.113.9; }",
    root: "trusted_proxies 127.0.0.0/8; max_connections_per_ip 1;",
  });
  using _publisher = await Publisher.start(server.port, "s");
  await using viewer = await FlvViewer.start(server.url(live), from("6.6.6.6, 203.0.113.7"));
  await viewer.waitForFrames(1);
  assertEquals(await addressesIn(server), ["203.0.113.7"]);
  assertEquals(server.log.find("over HTTP from 203.0.113.7").length, 1);
  assertEquals(await statusOf(server, "203.0.113.7"), 429, "one from this address is there");
  assertEquals(await statusOf(server, "203.0.113.9"), 403, "security knows the client");
  await using other = await FlvViewer.start(server.url(live), from("2001:db8::1"));
  assertEquals(other.status, 200);
  assertEquals(await statusOf(server, "2001:db8::2"), 429, "the same network of IPv6");
});

serverTest("without trusted_proxies, nobody is believed to be another", async () => {
  await using server = new WebServer({ vhost: "min_latency on;" });
  using _publisher = await Publisher.start(server.port, "s");
  await using viewer = await FlvViewer.start(server.url(live), from("203.0.113.7"));
  await viewer.waitForFrames(1);
  assertEquals(await addressesIn(server), ["127.0.0.1"]);
});

serverTest("the client of a proxy on the machine is not the machine, whoever it says to be", async () => {
  await using server = new WebServer({ root: "trusted_proxies 127.0.0.1;", api: "remote_control off;" });
  const kick = async (headers: Record<string, string>) => {
    const url = `http://127.0.0.1:${server.apiPort}/api/v1/clients/nobody`;
    const answer = await fetch(url, { method: "DELETE", headers });
    await answer.body?.cancel();
    return answer.status;
  };
  assertEquals(await kick({ "x-forwarded-for": "127.0.0.1" }), 403);
  assertEquals(await kick({ "x-forwarded-for": "203.0.113.7" }), 403);
  await until("the log names the caller", () => server.log.find("by 203.0.113.7 (stranger) refused").length === 1);
  assertEquals(await kick({}), 200);
});
