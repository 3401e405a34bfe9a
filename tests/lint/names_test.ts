import { assertEquals, assertGreater } from "../kit/assert.ts";
import { sourceFiles } from "./source_files.ts";

/** Pairs of names that differ by one letter and mislead nobody. */
const allowedPairs: readonly string[] = [
  // Different words, and no file has to do with both: a block of the configuration, a source of time.
  "Block/Clock",
  // A router consists of routes: the usual words in HTTP servers.
  "Route/Router",
];

interface ExportedName {
  readonly name: string;
  readonly kind: string;
  readonly path: string;
}

function exportedNames(path: string, text: string): ExportedName[] {
  const declarations = text.matchAll(
    /^export (?:default )?(?:declare )?(?:abstract )?(?:async )?(class|interface|type|function\*?|const|let|enum) (\w+)/gm,
  );
  return Array.from(declarations, ([, kind, name]) => ({ name: name!, kind: kind!, path }));
}

/** Names that several files export, with these files. */
function sharedNames(names: readonly ExportedName[]): string[] {
  const files = Map.groupBy(names, ({ name }) => name);
  return [...files].map(([name, uses]) => [name, [...new Set(uses.map(({ path }) => path))]] as const)
    .filter(([, paths]) => paths.length > 1).map(([name, paths]) => `${name}: ${paths.join(", ")}`).sort();
}

/** True if one of them becomes the other by one letter more, less or else; case counts. */
function differByOneLetter(a: string, b: string): boolean {
  if (a === b || Math.abs(a.length - b.length) > 1) return false;
  let start = 0;
  while (start < a.length && a[start] === b[start]) start++;
  const [restA, restB] = [a.slice(start), b.slice(start)];
  return restA.slice(1) === restB.slice(1) || restA.slice(1) === restB || restA === restB.slice(1);
}

/** Pairs of names, each in alphabetical order, that a reader may take for each other. */
function closePairs(names: readonly string[]): string[] {
  const sorted = [...new Set(names)].sort();
  return sorted.flatMap((a, at) => sorted.slice(at + 1).filter((b) => differByOneLetter(a, b)).map((b) => `${a}/${b}`));
}

const names = sourceFiles().flatMap(({ path, text }) => exportedNames(path, text));

Deno.test("each exported name has one meaning", () => {
  assertGreater(names.length, 500);
  const twice = [...exportedNames("a.ts", "export class Foo {"), ...exportedNames("b.ts", "export interface Foo {")];
  assertEquals(sharedNames(twice), ["Foo: a.ts, b.ts"]);
  assertEquals(sharedNames(names), []);
});

Deno.test("no two exported classes or types differ by one letter only", () => {
  assertEquals(closePairs(["Pulls", "Pull", "Pills", "Pools"]), ["Pills/Pulls", "Pull/Pulls"]);
  const types = names.filter(({ kind }) => kind === "class" || kind === "interface" || kind === "type");
  assertGreater(types.length, 300);
  assertEquals(closePairs(types.map(({ name }) => name)), allowedPairs);
});
