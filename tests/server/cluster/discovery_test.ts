/** Origins that find each other by a name, with one file for all. */
import { systemWorld } from "../../../src/net/system_world.ts";
import { assertEquals } from "../../kit/assert.ts";
import { isListening, Program, programCommand, until as untilListening } from "../../kit/launcher.ts";
import { DnsServer } from "../../kit/server/dns_server.ts";
import { freePort, Publisher, serverTest, until, Viewer } from "../../kit/server/rtmp_rig.ts";

const ignore = Deno.build.os !== "linux";

serverTest("World.resolve() and resolveService() ask the DNS server that they are told", async () => {
  using dns = new DnsServer();
  const server = { host: "127.0.0.1", port: dns.port };
  dns.addresses.set("origins.test", ["10.0.0.1", "10.0.0.2"]);
  dns.services.set("_api._tcp.origins.test", [
    { host: "b.test", port: 1986, priority: 20 },
    { host: "a.test", port: 1985, priority: 10 },
  ]);
  assertEquals((await systemWorld.resolve("origins.test.", server)).toSorted(), ["10.0.0.1", "10.0.0.2"]);
  assertEquals(await systemWorld.resolve("nobody.test.", server), []);
  assertEquals(await systemWorld.resolveService("_api._tcp.origins.test.", server), [
    { host: "a.test", port: 1985 },
    { host: "b.test", port: 1986 },
  ]);
  assertEquals(await systemWorld.resolveService("nobody.test.", server), []);
}, { ignore });

serverTest("origins with one file find each other by a name: one more, one less, and DNS dead", async () => {
  using dns = new DnsServer();
  const api = freePort();
  const directory = await Deno.makeTempDir();
  dns.addresses.set("origins.test", ["127.0.0.1", "127.0.0.2"]);
  /** What differs is the address alone, which in a cluster is that of the pod; and the RTMP port, as they share a machine. */
  const start = async (ip: string) => {
    const port = freePort();
    const path = `${directory}/${ip}.conf`;
    const coworkers = `dns+http://origins.test.:${api}`;
    await Deno.writeTextFile(
      path,
      `listen ${port}; daemon off; resolver 127.0.0.1:${dns.port}; pid ${directory}/${ip}.pid;
      http_api { enabled on; listen ${ip}:${api}; }
      vhost __defaultVhost__ { min_latency on; cluster { origin_cluster on; coworkers ${coworkers}; } }`,
    );
    const program = new Program(programCommand("origin", "-c", path), { env: { SRS_SRS_LOG_TANK: "console" } });
    await untilListening(() => isListening(port), 20_000, () => program.output);
    return { program, port };
  };
  const first = await start("127.0.0.1");
  const second = await start("127.0.0.2");
  await using programs = new AsyncDisposableStack();
  for (const { program } of [first, second]) programs.use(program);
  using _one = await Publisher.start(first.port, "one");
  using viewer = await Viewer.start(second.port, "one");
  await viewer.waitForFrames(10);

  const third = await start("127.0.0.3");
  programs.use(third.program);
  dns.addresses.set("origins.test", ["127.0.0.1", "127.0.0.2", "127.0.0.3"]);
  using _three = await Publisher.start(third.port, "three");
  const knows = (text: string) => [first, second].every(({ program: { output } }) => output.includes(text));
  await until("all know the third", () => knows(`127.0.0.3:${api}`), 12_000);
  using other = await Viewer.start(first.port, "three");
  await other.waitForFrames(10);

  dns.isSilent = true;
  await until("the failure is told", () => knows("goes on with the 3 addresses"), 15_000);
  using late = await Viewer.start(second.port, "three");
  await late.waitForFrames(10);
  assertEquals([first, second, third].map(({ program }) => /\[(?:Error|ERROR)\]/.test(program.output)), [
    false,
    false,
    false,
  ]);
  await Deno.remove(directory, { recursive: true });
}, { ignore });
