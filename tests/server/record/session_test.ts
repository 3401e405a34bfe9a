import { assert, assertEquals, assertGreater, assertMatch } from "../../kit/assert.ts";
import { RecordStage } from "./stage.ts";

const DVR = "dvr_path ./rec/[app]/[stream].[timestamp].flv;";

Deno.test("a publish is one file, whose times begin at 0, with its length in its metadata; on_dvr hears of it", async () => {
  await using stage = new RecordStage(`${DVR} dvr_reconnect 0;`);
  const publisher = await stage.publish("s", 60);
  await stage.run(3000);
  const [tmp] = stage.disk.paths;
  assertMatch(tmp!, /^rec\/live\/s\.\d+\.flv\.tmp$/);
  publisher[Symbol.dispose]();
  await stage.run(1000);
  const path = tmp!.replace(".tmp", "");
  assertEquals(stage.disk.paths, [path]);
  assertEquals(stage.disk.openCount, 0);
  const labels = stage.labels(path);
  // Video before the first keyframe is of no use, audio is.
  assertEquals(labels.slice(0, 4), ["AH3@0", "VH2@0", "A61@0", "A63@40"]);
  assertEquals(labels.find((each) => each.startsWith("K")), "K100@780");
  const { duration, filesize, id } = stage.metadata(path) as Record<string, number>;
  assertEquals([filesize, id], [stage.disk.read(path).length, 1]);
  assertEquals(duration! * 1000, Number(labels.at(-1)!.split("@")[1]));
  assertGreater(duration!, 2.5);
  const { registry } = stage.server.server;
  assertEquals(registry.streams().size, 0);
  const [call] = stage.hooks.calls;
  assertEquals(stage.hooks.paths, ["/dvr"]);
  const { client_id: client, stream_id: streamId, server_id: server, service_id: service, ...body } = call!.body;
  assert([client, streamId, server, service].every((each) => typeof each === "string" && each !== ""));
  assertEquals(body, {
    action: "on_dvr",
    ip: "10.0.2.1",
    vhost: "__defaultVhost__",
    app: "live",
    tcUrl: "rtmp://10.0.0.1:1935/live",
    stream: "s",
    param: "",
    cwd: Deno.cwd(),
    file: `./${path}`,
    "stream_url": "/live/s",
  });
});

Deno.test("a publisher that returns within dvr_reconnect goes on in the same file, a later one begins another", async () => {
  await using stage = new RecordStage(`${DVR} dvr_reconnect 10;`);
  for (const [firstId, awayMs] of [[50, 8000], [1000, 12_000], [2000, 12_000]] as const) {
    const publisher = await stage.publish("s", firstId);
    await stage.run(2000);
    publisher[Symbol.dispose]();
    await stage.run(awayMs);
  }
  const paths = stage.disk.paths;
  assertEquals(paths.length, 2);
  const labels = stage.labels(paths[0]!).filter((each) => /^[KIA]\d/.test(each));
  const [before, after] = [
    labels.filter((each) => /^\w\d{2,3}@/.test(each)),
    labels.filter((each) => /^\w1\d{3}@/.test(each)),
  ];
  assertEquals(labels.length, before.length + after.length);
  const at = (text: string) => Number(text.split("@")[1]);
  // The time without a publisher is not in the file.
  assertEquals([after[0], at(after[0]!) - at(before.at(-1)!)], [`K1000@${at(before.at(-1)!) + 10}`, 10]);
  assertMatch(stage.labels(paths[1]!)[2]!, /^K2000@0$/);
});

Deno.test("the publisher's file is finished at a stop, at once, though he might return", async () => {
  const stage = new RecordStage(`${DVR} dvr_reconnect 60;`);
  await stage.publish();
  await stage.run(2000);
  await stage.server.stop();
  const [path, ...others] = stage.disk.paths;
  assertEquals(others, []);
  assertMatch(path!, /\.flv$/);
  assertGreater(Number(stage.metadata(path!).duration), 1.5);
  assertEquals(stage.hooks.paths, ["/dvr"]);
});

Deno.test("a name that is taken gets epoch and part, and nothing is overwritten", async () => {
  await using stage = new RecordStage("dvr_path rec/[stream].flv; dvr_reconnect 0;");
  for (const firstId of [50, 1000, 2000]) {
    const publisher = await stage.publish("s", firstId);
    await stage.run(1000);
    publisher[Symbol.dispose]();
    await stage.run(5000);
  }
  const [plain, second, third] = [stage.disk.paths.at(-1)!, ...stage.disk.paths];
  assertEquals(plain, "rec/s.flv");
  assertMatch(second!, /^rec\/s-[0-9a-z]+-2\.flv$/);
  assertMatch(third!, /^rec\/s-[0-9a-z]+-[23]\.flv$/);
  assertEquals(stage.disk.paths.map((path) => stage.labels(path)[2]!.split("@")[0]).sort(), ["K1000", "K2000", "K50"]);
});

Deno.test("dvr_apply chooses streams", async () => {
  await using stage = new RecordStage("dvr_path rec/[stream].flv; dvr_apply live/a other/b; dvr_reconnect 0;");
  for (const stream of ["a", "b"]) await stage.publish(stream);
  await stage.run(1000);
  assertEquals(stage.disk.paths, ["rec/a.flv.tmp"]);
});

Deno.test("a publisher that sends nothing makes no file", async () => {
  await using stage = new RecordStage(DVR);
  const publisher = await stage.publish("s");
  publisher.fallSilent();
  const silent = await stage.publish("t");
  silent[Symbol.dispose]();
  assertEquals(stage.disk.paths.length <= 2, true);
  await stage.run(20_000);
  assertEquals(stage.disk.openCount, 0);
});
