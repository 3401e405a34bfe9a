import { assertEquals, assertGreater } from "../../kit/assert.ts";
import { RecordStage } from "./stage.ts";

Deno.test("segments begin with keyframes, last at least dvr_duration, and miss nothing", async () => {
  await using stage = new RecordStage("dvr_plan segment; dvr_duration 2.5; dvr_path rec/[stream].[timestamp].flv;");
  const publisher = await stage.publish("s", 50);
  await stage.run(10_000);
  publisher[Symbol.dispose]();
  await stage.run(11_000);
  const files = stage.disk.paths.map((path) => stage.labels(path));
  assertEquals(files.map((labels) => labels[2]), ["K50@0", "K200@0", "K350@0", "K500@0"]);
  assertEquals(files.map((labels) => labels.slice(0, 2)), files.map(() => ["AH3@0", "VH2@0"]));
  const ids = files.flatMap((labels) => labels.slice(2)).map((each) => Number(/\d+/.exec(each)![0]));
  assertEquals(ids, ids.map((_, i) => 50 + i));
  assertGreater(ids.length, 490);
  assertEquals(stage.hooks.calls.length, 4);
});

Deno.test("without dvr_wait_keyframe segments end where their time is up", async () => {
  await using stage = new RecordStage(
    "dvr_plan segment; dvr_duration 2.3; dvr_wait_keyframe off; dvr_path rec/[timestamp].flv; dvr_reconnect 0;",
  );
  const publisher = await stage.publish("s", 50);
  await stage.run(6000);
  publisher[Symbol.dispose]();
  await stage.run(1000);
  assertEquals(stage.disk.paths.map((path) => stage.labels(path)[2]), ["K50@0", "A165@0", "I280@0"]);
});

Deno.test("a reload turns recording on, with the GOP that players have, and off", async () => {
  await using stage = new RecordStage("enabled off; dvr_path rec/[timestamp].flv;");
  await stage.publish("s", 50);
  await stage.run(3500);
  assertEquals(stage.disk.paths, []);
  await stage.server.reload(RecordStage.file("dvr_path rec/[timestamp].flv;"));
  await stage.run(3000);
  await stage.server.reload(RecordStage.file("dvr_path rec/[timestamp].flv; dvr_apply live/other;"));
  await stage.run(1000);
  const [path, ...others] = stage.disk.paths;
  assertEquals(others, []);
  assertEquals(stage.labels(path!)[2], "K200@0");
});
