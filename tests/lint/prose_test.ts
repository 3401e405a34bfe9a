import { assert, assertEquals, assertGreater, assertLess } from "../kit/assert.ts";
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

Deno.test("src/README.md names every room, and the rooms in it", () => {
  const rows = new Map<string, string>();
  for (const line of read("src/README.md").split("\n")) {
    const room = /^\| `(\w+)\/`/.exec(line)?.[1];
    if (room !== undefined) rows.set(room, line);
  }
  const folders = new Set(walk("src").map((path) => path.split("/").slice(1, -1).slice(0, 2).join("/")));
  folders.delete("");
  const unnamed = [...folders].filter((folder) => {
    const [room = "", inner] = folder.split("/");
    const row = rows.get(room);
    return row === undefined || (inner !== undefined && !row.includes(`\`${inner}/\``));
  });
  assertGreater(folders.size, 10);
  assertEquals(unnamed, []);
});

Deno.test("src/README.md speaks of classes and functions that there are", () => {
  const program = sourceFiles().map(({ text }) => text).join("\n");
  const names = new Set(
    Array.from(read("src/README.md").matchAll(/`([A-Z][a-z]+[A-Z]\w*|[a-z]+[A-Z]\w*)`/g), ([, name]) => name!),
  );
  assertGreater(names.size, 15);
  const gone = [...names].filter((name) =>
    !new RegExp(`\\b(?:class|function|interface|type) ${name}\\b`).test(program)
  );
  assertEquals(gone, []);
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
