/** The real program and real peers over TLS. */
import { assert, assertEquals, assertGreater, assertMatch, assertStringIncludes } from "../kit/assert.ts";
import { freePort, isListening, Program, programCommand, run, until } from "../kit/launcher.ts";
import { tlsPath } from "../kit/tls_files.ts";
import { clip, hashesOf, type PacketHashes, parseFrameMd5, playHashes, publishClip } from "../kit/media/media.ts";
import { interopTest } from "../kit/tools.ts";

/** An origin that speaks TLS on every port, and an edge over it that asks it over rtmps. */
class SecureCluster implements AsyncDisposable {
  readonly dir = Deno.makeTempDirSync();
  readonly ports = { rtmp: freePort(), rtmps: freePort(), api: freePort(), web: freePort(), edge: freePort() };
  readonly origin: Program;
  readonly edge: Program;

  private constructor() {
    const { ports } = this;
    const pair = `key server.key; cert server.crt;`;
    const https = (port: number) => `listen 127.0.0.1:${freePort()}; https { enabled on; listen ${port}; ${pair} }`;
    this.write("origin.conf", [
      `listen 127.0.0.1:${ports.rtmp}; pid origin.pid; srs_log_tank console; max_connections 100;`,
      `rtmps { enabled on; listen ${ports.rtmps}; ${pair} }`,
      `http_api { enabled on; ${https(ports.api)} } http_server { enabled on; ${https(ports.web)} }`,
      "vhost __defaultVhost__ { http_remux { enabled on; } }",
    ]);
    this.write("edge.conf", [
      `listen 127.0.0.1:${ports.edge}; pid edge.pid; srs_log_tank console; max_connections 100;`,
      `tls_ca_file ${tlsPath("authority.crt")};`,
      `vhost __defaultVhost__ { cluster { mode remote; origin rtmps://localhost:${ports.rtmps}; } }`,
    ]);
    this.show("server");
    this.origin = new Program(programCommand("origin", "-c", "origin.conf"), { cwd: this.dir });
    this.edge = new Program(programCommand("edge", "-c", "edge.conf"), { cwd: this.dir });
  }

  static async start(): Promise<SecureCluster> {
    const cluster = new SecureCluster();
    const { web, edge } = cluster.ports;
    for (const port of [web, edge]) await until(() => isListening(port), 15_000, () => cluster.logs);
    return cluster;
  }

  /** Puts a certificate where the origin reads it. */
  show(name: "server" | "renewed"): void {
    for (const end of ["crt", "key"]) Deno.copyFileSync(tlsPath(`${name}.${end}`), `${this.dir}/server.${end}`);
  }

  get logs(): string {
    return `${this.origin.output}\n${this.edge.output}`;
  }

  get rtmps(): string {
    return `rtmps://127.0.0.1:${this.ports.rtmps}/live/s`;
  }

  private write(name: string, lines: string[]): void {
    Deno.writeTextFileSync(`${this.dir}/${name}`, lines.join("\n"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.edge[Symbol.asyncDispose]();
    await this.origin[Symbol.asyncDispose]();
    await Deno.remove(this.dir, { recursive: true });
  }
}

/** Players that come some moments late miss the beginning, those that are killed the end: but nothing in between. */
function assertHashes(got: PacketHashes, source: PacketHashes): void {
  assertGreater(got.video.length, source.video.length - 150);
  for (const kind of ["video", "audio"] as const) {
    const from = source[kind].indexOf(got[kind][0] ?? "");
    assertEquals(got[kind], source[kind].slice(from, from + got[kind].length));
  }
}

interopTest("ffmpeg publishes and plays over rtmps, and an edge pulls over it, byte for byte", ["ffmpeg"], async () => {
  const source = await hashesOf(clip);
  await using cluster = await SecureCluster.start();
  const { ports, rtmps } = cluster;
  const unchecked = ["-tls_verify", "0"];
  const secure = new Program([...playHashes(rtmps).toSpliced(3, 0, ...unchecked)]);
  const overEdge = new Program(playHashes(`rtmp://127.0.0.1:${ports.edge}/live/s`));
  await using _players = new AsyncDisposableStack();
  for (const player of [secure, overEdge]) _players.use(player);
  await until(() => cluster.origin.output.split("play /live/s").length > 2, 10_000, () => cluster.logs);
  await using publisher = new Program(publishClip(rtmps).toSpliced(-1, 0, ...unchecked));
  assertEquals((await publisher.status(30_000)).code, 0, publisher.output);
  for (const player of [secure, overEdge]) {
    await until(
      () => parseFrameMd5(player.output).video.length >= source.video.length - 100,
      5000,
      () => player.output,
    );
    // Over TLS it hears no SIGINT while nothing comes.
    player.kill("SIGKILL");
    await player.ended;
    assertHashes(parseFrameMd5(player.output), source);
  }
  assertStringIncludes(cluster.edge.output, `pull /live/s from rtmps://localhost:${ports.rtmps}`);
});

interopTest("curl and ffmpeg take API and streams over https", ["ffmpeg", "curl"], async () => {
  await using cluster = await SecureCluster.start();
  const { ports, dir, rtmps } = cluster;
  const curl = (...args: string[]) => run(["curl", "-sS", ...args], 20_000);
  const authority = ["--cacert", tlsPath("authority.crt")];
  const versions = await curl(...authority, `https://localhost:${ports.api}/api/v1/versions`);
  assertEquals([versions.code, JSON.parse(versions.output).code], [0, 0]);
  assert((await curl(`https://localhost:${ports.api}/api/v1/versions`)).code !== 0, "its issuer is unknown");
  await using _publisher = new Program(publishClip(rtmps, "-re", "-stream_loop", "-1", "-i", clip));
  const url = `https://127.0.0.1:${ports.web}/live/s.flv`;
  const file = `${dir}/got.flv`;
  await until(() => cluster.origin.output.includes("publish /live/s"), 10_000, () => cluster.logs);
  const got = await curl("-k", "-m", "4", "-o", file, url);
  assertEquals(got.code, 28, `a stream does not end by itself: ${got.output}`);
  const probe = await run(["ffprobe", "-v", "error", "-show_entries", "stream=codec_name", file], 10_000);
  assertStringIncludes(probe.output, "codec_name=h264");
  const play = ["ffmpeg", "-v", "error", "-tls_verify", "0", "-i", url, "-t", "2", "-f", "null", "-"];
  assertEquals((await run(play, 20_000)).code, 0);
});

/** What openssl sees of a server. */
async function shown(port: number, ...args: string[]): Promise<string> {
  const command = ["openssl", "s_client", "-connect", `127.0.0.1:${port}`, "-servername", "localhost", ...args];
  const child = new Deno.Command(command[0]!, {
    args: command.slice(1),
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  });
  const text = new TextDecoder().decode((await child.output()).stdout);
  const name = /subject=.*CN ?= ?(\S+)/.exec(text)?.[1] ?? "";
  const version = /^(?:New, )?(TLSv1\.\d)/m.exec(text)?.[1] ?? "";
  return `${name} ${version}`;
}

interopTest("SIGHUP shows a new certificate; who plays plays on", ["ffmpeg", "openssl"], async () => {
  await using cluster = await SecureCluster.start();
  const { ports, rtmps, origin } = cluster;
  await using _publisher = new Program(publishClip(rtmps, "-re", "-stream_loop", "-1", "-i", clip));
  await until(() => origin.output.includes("publish /live/s"), 10_000, () => cluster.logs);
  await using player = new Program(["ffmpeg", "-v", "error", "-i", rtmps, "-t", "6", "-f", "null", "-"]);
  await until(() => origin.output.includes("play /live/s"), 10_000, () => cluster.logs);
  for (const port of [ports.rtmps, ports.api, ports.web]) {
    assertEquals(await shown(port), "server TLSv1.3");
    assertEquals(await shown(port, "-tls1_2"), "server TLSv1.2");
  }
  cluster.show("renewed");
  origin.kill("SIGHUP");
  await origin.prints(": done", 5000);
  for (const port of [ports.rtmps, ports.api, ports.web]) {
    await until(async () => await shown(port) === "renewed TLSv1.3", 5000, () => cluster.logs);
  }
  assertEquals((await player.status(20_000)).code, 0, player.output);
  assertEquals(player.output, "");
  assertEquals(origin.output.split("publish /live/s").length, 2, "the publisher did not come again");

  await Deno.writeTextFile(`${cluster.dir}/server.key`, "no key");
  origin.kill("SIGHUP");
  await origin.prints("the old configuration stays in force", 5000);
  assertMatch(origin.output, /origin\.conf:2:\d+: warning: rtmps stays off/);
  assertEquals(await shown(ports.rtmps), "renewed TLSv1.3");
});

/** The command that conf/OPERATIONS.md gives for tests. */
async function recipe(): Promise<string> {
  const page = await Deno.readTextFile(new URL("../../conf/OPERATIONS.md", import.meta.url));
  const command = /^openssl req [^`]*/m.exec(page)?.[0];
  assert(command !== undefined);
  return command.replaceAll("media.example.com", "localhost");
}

interopTest("push and probe trust a certificate made as conf/OPERATIONS.md says", ["openssl"], async () => {
  await using cluster = await SecureCluster.start();
  const { ports, dir, origin } = cluster;
  const made = await new Deno.Command("sh", { args: ["-c", await recipe()], cwd: dir, stderr: "null" }).output();
  assert(made.success);
  origin.kill("SIGHUP");
  await origin.prints(": done", 5000);
  const url = `rtmps://localhost:${ports.rtmps}/live/s`;
  const ca = `${dir}/server.crt`;
  await using push = new Program(programCommand("push", "--ca", ca, url));
  await push.prints(`publishing to ${url}`, 15_000);
  const probe = (...args: string[]) => run(programCommand("probe", "--seconds", "0.5", ...args), 30_000);
  for (const args of [["--ca", ca, url], ["--insecure", url.replace("localhost", "127.0.0.1")]]) {
    const { code, output } = await probe(...args);
    assertEquals(code, 0, output);
    assertStringIncludes(output, "H264");
  }
  const refused = await probe(url);
  assertEquals(refused.code, 3);
  assertStringIncludes(refused.output, "certificate rejected: its issuer is unknown");
  assertEquals((await probe("--ca", `${dir}/server.key`, url)).code, 2);
});
