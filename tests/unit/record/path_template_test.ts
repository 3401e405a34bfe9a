import {
  expandTemplate,
  readTemplate,
  recordingTemplate,
  templateDepth,
  templateRoot,
} from "../../../src/record/path_template.ts";
import { safeName, shortenParts } from "../../../src/record/safe_name.ts";
import { assert, assertEquals, assertLess, assertMatch } from "../../kit/assert.ts";

const stream = { vhost: "a.com", app: "live", stream: "cam1" };
// 2024-03-09 07:05:02.045 UTC
const time = { ms: 1709967902045, utc: true };

Deno.test("recordingTemplate() takes what has no extension of a recording for a directory", () => {
  assertEquals(recordingTemplate("./rec"), "./rec/[app]/[stream].[timestamp].flv");
  assertEquals(recordingTemplate("./rec/"), "./rec/[app]/[stream].[timestamp].flv");
  assertEquals(recordingTemplate("/a/[stream].mp4"), "/a/[stream].mp4");
  assertEquals(recordingTemplate("/a/[stream].FLV"), "/a/[stream].FLV");
});

Deno.test("expandTemplate() knows SRS's variables", () => {
  const all = "./rec/[vhost]/[app]/[stream]/[2006]/[01]/[02]/[15].[04].[05].[999].[timestamp].flv";
  assertEquals(
    expandTemplate(all, stream, time),
    "./rec/a.com/live/cam1/2024/03/09/07.05.02.045.1709967902045.flv",
  );
  const local = expandTemplate("[15].[04].flv", stream, { ...time, utc: false });
  const date = new Date(time.ms);
  const two = (value: number) => String(value).padStart(2, "0");
  assertEquals(local, `${two(date.getHours())}.${two(date.getMinutes())}.flv`);
});

Deno.test("expandTemplate() replaces nothing in what a name brings along", () => {
  const hostile = { ...stream, stream: "[timestamp]$&[app]" };
  assertEquals(expandTemplate("r/[stream].flv", hostile, time), "r/[timestamp]$&[app].flv");
});

const hostileNames = [
  "..",
  ".",
  "../../etc/passwd",
  "..\\..\\windows",
  "/etc/passwd",
  "a/../../../b",
  ".git/config",
  "a\0b",
  "a\nb\u202etxt",
  "x".repeat(5000),
  "/".repeat(5000),
  "a/".repeat(5000),
  "é".repeat(500),
  "\ud800",
  'C:evil?*<>|"',
  "trailing. ",
];

Deno.test("no name leads out of the directory, is hidden, or too long for a file system", () => {
  for (const name of hostileNames) {
    for (const template of ["/rec/[app]/[stream].[timestamp].flv", "/rec/[stream]", "/rec/x[vhost][app][stream].mp4"]) {
      const path = expandTemplate(template, { vhost: name, app: name, stream: name }, time);
      assert(path.startsWith("/rec/"), path);
      const parts = path.slice(5).split("/");
      for (const part of parts) {
        assert(part !== "" && !part.startsWith(".") && !/[\p{Cc}\p{Cf}\\:*?"<>|]/u.test(part), JSON.stringify(part));
        assertLess(new TextEncoder().encode(part).length, 200);
        assertEquals(part.toWellFormed(), part);
      }
      assertLess(path.length, 4000);
      assertLess(parts.length, templateDepth(template) + 1);
    }
  }
});

Deno.test("safeName() keeps slashes between parts, and what is harmless", () => {
  assertEquals(safeName("live/room 7/Ünïcode-1_x.y"), "live/room 7/Ünïcode-1_x.y");
  assertEquals(safeName(""), "_");
  assertEquals(safeName("a//b/"), "a/b");
  assertEquals(safeName(".."), "__");
});

Deno.test("shortenParts() tells long names apart, and keeps the extension", () => {
  const [one, two] = ["1", "2"].map((end) => shortenParts(`d/${"x".repeat(300)}${end}.flv`));
  assert(one !== two);
  assertMatch(one!, /^d\/x+~[0-9a-f]{8}\.flv$/);
  assertEquals(shortenParts("d/short.flv"), "d/short.flv");
});

Deno.test("readTemplate() finds the stream in a name that expandTemplate() made, with a part too", () => {
  for (
    const template of ["./rec/[app]/[stream].[timestamp].flv", "[vhost]/[2006]/[app]-[stream]/[15]/[timestamp].mp4"]
  ) {
    const path = expandTemplate(template, stream, time);
    const { atMs, ...names } = readTemplate(template, path)!;
    assertEquals(atMs, time.ms);
    assertEquals(names, template.includes("vhost") ? stream : { app: "live", stream: "cam1" });
    assertEquals(readTemplate(template, path.replace(/(\.\w+)$/, "-1x-2$1"))?.stream, "cam1");
    assertEquals(readTemplate(template, `${path}.txt`), null);
  }
  assertEquals(readTemplate("./rec/[stream].flv", "./elsewhere/a.flv"), null);
  assertEquals(readTemplate("rec/[stream]/[stream].flv", "rec/a/b.flv"), null);
  assertEquals(readTemplate("rec/[stream]/[stream].flv", "rec/a/a.flv"), { stream: "a" });
});

Deno.test("templateRoot() ends before the first variable", () => {
  assertEquals(templateRoot("./rec/a-[app]/[stream].flv"), "./rec/");
  assertEquals(templateRoot("[stream].flv"), "");
  assertEquals(templateRoot("/x.flv"), "/");
});
