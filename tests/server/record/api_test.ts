import { assert, assertEquals, assertGreater, assertStringIncludes } from "../../kit/assert.ts";
import { MemoryHttp } from "../../kit/memory/memory_http.ts";
import { RecordStage } from "./stage.ts";

interface Listed {
  readonly id: string;
  readonly stream: string;
  readonly file: string;
  readonly state: string;
  readonly "start_ms": number | null;
  readonly "duration_ms": number | null;
  readonly bytes: number;
  readonly url: string | null;
}

async function ask(stage: RecordStage, target: string, headers: readonly string[] = [], method = "GET", port = 1985) {
  using http = await MemoryHttp.ask(method, stage.host(), `10.0.0.1:${port}`, target, headers);
  await stage.run(200);
  return { status: http.status, text: http.text };
}

async function list(stage: RecordStage, query = ""): Promise<{ total: number; recordings: Listed[] }> {
  const { text } = await ask(stage, `/api/v1/recordings/${query}`);
  return JSON.parse(text.slice(text.indexOf("\r\n\r\n")));
}

async function one(stage: RecordStage, id: string): Promise<{ code: number; recording?: Listed }> {
  const { text } = await ask(stage, `/api/v1/recordings/${id}`);
  return JSON.parse(text.slice(text.indexOf("\r\n\r\n")));
}

Deno.test("the API lists recordings in their states, the newest first, page by page", async () => {
  await using stage = new RecordStage("dvr_path rec/[stream].[timestamp].flv; dvr_reconnect 10;");
  const first = await stage.publish("a");
  await stage.run(2000);
  first[Symbol.dispose]();
  await stage.run(12_000);
  const second = await stage.publish("b");
  await stage.run(2000);
  second[Symbol.dispose]();
  await stage.run(1000);
  await stage.publish("c");
  await stage.run(1000);
  const { total, recordings } = await list(stage);
  assertEquals(total, 3);
  assertEquals(recordings.map(({ stream, state }) => [stream, state]), [
    ["/live/c", "recording"],
    ["/live/b", "waiting"],
    ["/live/a", "finished"],
  ]);
  const [, , a] = recordings;
  const { bytes, duration_ms: durationMs, file, url, id, start_ms: startMs } = a!;
  assertEquals([`${file}`, bytes], [stage.disk.paths[0], stage.disk.read(file).length]);
  assertGreater(durationMs!, 1800);
  assertGreater(startMs!, 999_999);
  assertEquals(url, `/api/v1/recordings/${id}.flv`);
  assertEquals(recordings[0]!.url, null);
  assertEquals((await list(stage, "?stream=/live/b")).recordings.length, 1);
  assertEquals((await list(stage, "?start=1")).recordings.map(({ stream }) => stream), ["/live/b", "/live/a"]);
  assertEquals((await one(stage, id)).recording, a);
});

Deno.test("a complete file is served with ranges, by the API and where http_server has it; nothing else is", async () => {
  const root = "";
  await using stage = new RecordStage("dvr_path objs/nginx/html/[app]/[stream].flv; dvr_reconnect 0;", { root });
  const publisher = await stage.publish("a");
  await stage.run(2000);
  const [running] = (await list(stage)).recordings;
  assertStringIncludes((await ask(stage, `/api/v1/recordings/${running!.id}.flv`)).text, '"code":2048');
  publisher[Symbol.dispose]();
  await stage.run(1000);
  const [{ url, id, file }] = (await list(stage)).recordings as [Listed];
  const bytes = stage.disk.read(file);
  const head = new TextDecoder("latin1").decode(bytes.subarray(0, 3));
  for (const [target, port] of [[url!, 1985], ["/live/a.flv", 8080]] as const) {
    const part = await ask(stage, target, ["Range: bytes=0-2"], "GET", port);
    assertEquals(part.status, 206, target);
    assertStringIncludes(part.text, `content-range: bytes 0-2/${bytes.length}`);
    assert(part.text.endsWith(`\r\n\r\n${head}`), part.text);
  }
  const whole = await ask(stage, url!, [], "HEAD");
  assertStringIncludes(whole.text, `content-length: ${bytes.length}`);
  for (const wrong of [`${id}.mp4`, `${id}.flv.tmp`, "..%2f..%2fetc%2fpasswd", "../x.flv", `${id}x`, "constructor"]) {
    const { status, text } = await ask(stage, `/api/v1/recordings/${wrong}`);
    assert(text.includes('"code":2048') || status === 404, `${wrong}: ${text}`);
  }
});
