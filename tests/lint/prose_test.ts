import { assert, assertEquals, assertGreater, assertLess } from "../kit/assert.ts";
import { ThreadRecord } from "../../src/threads/protocol/thread_records.ts";
import { sourceFiles, walk } from "./source_files.ts";

const top = new URL("../../", import.meta.url);
const pages = ["README.md", ...["conf", "src", "tests"].flatMap(walk).filter((path) => path.endsWith(".md"))];

function read(path: string): string {
  return Deno.readTextFileSync(new URL(path, top));
}

function withoutCode(text: string): string {
  return text.replace(/^```[\s\S]*?^```/gm, "");
}

/** Headings as GitHub makes anchors of them. */
function anchorsOf(path: string): string[] {
  const headings = withoutCode(read(path)).matchAll(/^#+ (.*)$/gm);
  return Array.from(headings, ([, text = ""]) => text.toLowerCase().replace(/[^\w\- ]/g, "").replaceAll(" ", "-"));
}

/** Links of a page within the repository that lead nowhere. */
function deadLinks(path: string, text: string): string[] {
  const links = Array.from(withoutCode(text).matchAll(/\]\(([^)]+)\)/g), ([, link = ""]) => link);
  return links.filter((link) => !/^https?:/.test(link)).filter((link) => {
    const { pathname, hash } = new URL(link, new URL(path, "file:///"));
    const target = pathname.slice(1);
    if (!exists(target)) return true;
    return hash !== "" && !anchorsOf(target).includes(hash.slice(1));
  }).map((link) => `${path}: ${link}`);
}

function exists(path: string): boolean {
  try {
    Deno.statSync(new URL(path, top));
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

Deno.test("README.md is short, and comes to its first command soon", () => {
  const text = read("README.md");
  assertLess(new TextEncoder().encode(text).length, 16_000);
  const firstCommand = text.split("\n").indexOf("```sh");
  assertGreater(firstCommand, 0);
  assertLess(firstCommand, 50);
});

Deno.test("links between pages lead to files and headings that are there", () => {
  assertGreater(pages.length, 5);
  assertEquals(deadLinks("conf/x.md", "[a](../README.md#install) [b](../none.md) [c](../README.md#none)").length, 2);
  assertEquals(pages.flatMap((path) => deadLinks(path, read(path))), []);
});

/** The rooms of the table in src/README.md: `room`, and `room/inner` for each room in it. */
function namedRooms(text: string): string[] {
  return text.split("\n").flatMap((line) => {
    const [, room, inner] = /^\| `(\w+)\/` *\|[^|]*\|([^|]*)\|$/.exec(line) ?? [];
    if (room === undefined) return [];
    return [room, ...Array.from(inner!.matchAll(/`(\w+)\/`/g), ([, name]) => `${room}/${name}`)];
  });
}

Deno.test("src/README.md names every room and the rooms in it, and no others", () => {
  const folders = new Set(walk("src").map((path) => path.split("/").slice(1, -1).slice(0, 2).join("/")));
  folders.delete("");
  assertGreater(folders.size, 30);
  assertEquals(namedRooms("| `a/` | x | `b/` c, `d/` |"), ["a", "a/b", "a/d"]);
  assertEquals(namedRooms(read("src/README.md")).sort(), [...folders].sort());
});

Deno.test("pages in src speak of classes and functions that there are", () => {
  const program = sourceFiles().map(({ text }) => text).join("\n");
  const gone = ["src/README.md", "src/threads/README.md"].flatMap((page) => {
    const named = read(page).matchAll(/`([A-Z][a-z]+[A-Z]\w*|[a-z]+[A-Z]\w*)`/g);
    const names = [...new Set(Array.from(named, ([, name]) => name!))];
    assertGreater(names.length, 10, page);
    return names.filter((name) => !isDeclared(name, program)).map((name) => `${page}: ${name}`);
  });
  assertEquals(gone, []);
  assert(!isDeclared("NoSuchThing", program));
});

/** Declared by the program or known to all programs, or a kind of record between threads. */
function isDeclared(name: string, program: string): boolean {
  const isOwn = new RegExp(`\\b(?:class|function|interface|type) ${name}\\b`).test(program);
  return isOwn || name in globalThis || name in Deno.errors || name in ThreadRecord;
}

Deno.test("src/threads/README.md has each record between threads once, with its direction", () => {
  const rows = read("src/threads/README.md").matchAll(/^\| `(\w+)` +\| to (worker|first) +\|/gm);
  const directions = Array.from(rows, ([, name, to]) => `${name} to ${to}`).sort();
  const firstFromWorker = ThreadRecord.Unlistened;
  const records = Object.entries(ThreadRecord);
  assertEquals(
    directions,
    records.map(([name, kind]) => `${name} to ${kind < firstFromWorker ? "worker" : "first"}`).sort(),
  );
});

Deno.test("src/README.md names every dependency", () => {
  const { imports } = JSON.parse(read("deno.json")) as { imports: Record<string, string> };
  const text = read("src/README.md").toLowerCase();
  const unnamed = Object.keys(imports).filter((name) => {
    const [scope, second] = name.split("/");
    const shown = scope === "@std" || scope === "@opentelemetry" ? `${scope}/${second}` : second ?? scope;
    return !text.includes(`${shown}`);
  });
  assert(Object.keys(imports).length > 3);
  assertEquals(unnamed, []);
});
