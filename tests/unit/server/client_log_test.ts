import { MemoryHttp } from "../../kit/memory/memory_http.ts";
import { MemoryNetwork } from "../../kit/memory/memory_network.ts";
import { MemoryPublisher, MemoryViewer } from "../../kit/memory/memory_peers.ts";
import { type MemoryFile, MemoryServer } from "../../kit/memory/memory_server.ts";
import { assert, assertEquals, assertMatch } from "../../kit/assert.ts";

/** Runs a server with a publisher of its stream `s`, and gives what its log has after so many seconds. */
async function logAfter(
  seconds: number,
  file: MemoryFile,
  join: (network: MemoryNetwork) => Promise<unknown> = () => Promise.resolve(),
): Promise<(text: string) => string[]> {
  const network = new MemoryNetwork();
  const server = new MemoryServer(network, "10.0.0.1", file);
  using _publisher = await MemoryPublisher.start(network.host("10.0.2.1"), "10.0.0.1:1935", "s?token=secret", 10);
  await network.run(500);
  await join(network);
  await network.run(seconds * 1000);
  await server.stop();
  return (text) => server.log.find(text).map((line) => line.replace(/^info /, ""));
}

const play = (network: MemoryNetwork) => MemoryViewer.start(network.host("10.0.2.2"), "10.0.0.1:1935", "s?vhost=a.com");

Deno.test("ClientLog says who begins, in SRS's words and without parameters", async () => {
  const find = await logAfter(2, { root: "srs_log_format srs;" }, play);
  assertEquals(find("client identified"), [
    "client identified, type=fmle-publish, vhost=10.0.0.1, app=live, stream=s, param=, duration=0ms",
    "client identified, type=rtmp-play, vhost=a.com, app=live, stream=s, param=, duration=-1ms",
  ]);
});

Deno.test("ClientLog tells the traffic of each client every pithy_print_ms, in SRS's words", async () => {
  const find = await logAfter(35, { root: "srs_log_format srs; pithy_print_ms 10000;" }, play);
  const [published, played] = [find("<- CPB "), find("-> PLA ")];
  assertEquals([published.length, played.length], [3, 3]);
  const rates = String.raw`okbps=(\d+),(\d+),(\d+), ikbps=(\d+),(\d+),(\d+)`;
  const cpb = new RegExp(`^<- CPB time=\\d+, ${rates}, mr=0/350, p1stpt=20000, pnt=5000$`);
  const pla = new RegExp(`^-> PLA time=\\d+, msgs=0, ${rates}, mw=350/8$`);
  for (const line of published) assertMatch(line, cpb);
  for (const line of played) assertMatch(line, pla);
  const recvKbps = cpb.exec(published[2]!)!.slice(4).map(Number);
  const sendKbps = pla.exec(played[2]!)!.slice(1, 4).map(Number);
  assert([...recvKbps, ...sendKbps].every((kbps) => kbps > 0), `${published[2]}\n${played[2]}`);
  const ageS = Number(/time=(\d+)/.exec(played[2]!)![1]) / 1_000_000;
  assert(ageS > 29 && ageS < 32, `the third line, after ${ageS} s`);
});

Deno.test("ClientLog tells of HTTP viewers as SRS does, which has no line for their beginning", async () => {
  const find = await logAfter(15, { root: "srs_log_format srs;" }, async (network) => {
    await MemoryHttp.get(network.host("10.0.2.3"), "10.0.0.1:8080", "/live/s.flv");
  });
  assertEquals(find("client identified").length, 1);
  assertMatch(find("-> HTS ").join("|"), /^-> HTS http: got 0 msgs, age=\d+, min=8, mw=350$/);
});

Deno.test("ClientLog writes nothing of its own unless asked to", async () => {
  const find = await logAfter(35, {}, play);
  assertEquals([...find("client identified"), ...find("<- CPB "), ...find("-> PLA ")], []);
});

Deno.test("ClientLog writes 50 lines a second at most, so that many clients get theirs less often", async () => {
  const viewers = 150;
  const find = await logAfter(12, { root: "srs_log_format srs; pithy_print_ms 100;" }, async (network) => {
    const host = network.host("10.0.2.4");
    await Promise.all(Array.from({ length: viewers }, () => MemoryViewer.start(host, "10.0.0.1:1935", "s")));
  });
  const lines = find("-> PLA ").length;
  assert(lines >= 2 * viewers && lines <= 12 * 50, `${lines} lines about ${viewers} viewers`);
});
