import { assertEquals } from "../kit/assert.ts";
import { type SourceFile, sourceFiles, withoutComments } from "./source_files.ts";

/** Rooms whose objects live as long as a client or longer. */
const rooms = ["server", "http", "cluster", "upstream"];

/** A property whose type has a whole vhost or a block of it in it; parameters end otherwise. */
const field =
  /[\w?>]\s*:\s*[^;,(){}=]*\b(?:VhostConfig|Config\["vhosts"\])[^;,()=]*[;}]|\b(?:readonly|private|protected|public)\s+\w+\??\s*:\s*[^;,(){}=]*\b(?:VhostConfig|Config\["vhosts"\])/g;

function vhostFields({ path, text }: SourceFile): string[] {
  const code = withoutComments(text).replace(/<[^<>;]*>/g, (types) => types.replaceAll(",", " "));
  return Array.from(code.matchAll(field), ([found]) => `${path}: ${found}`);
}

Deno.test("vhostFields() sees properties of every form, and no parameters", () => {
  const count = (text: string) => vhostFields({ path: "src/server/t.ts", room: "server", text }).length;
  const kept = [
    "class A { readonly #vhost: VhostConfig; }",
    "interface A {\n  readonly vhost: VhostConfig;\n}",
    "interface A { vhost?: VhostConfig }",
    "type A = { url: StreamUrl; vhost: VhostConfig; source: LiveSource };",
    "function f({ vhost }: { url: StreamUrl; vhost: VhostConfig }): void {}",
    'class A { #vhosts: readonly VhostConfig[] = []; #cluster: VhostConfig["cluster"]; }',
    "class A { readonly vhosts: Map<string, VhostConfig>; }",
    'class A { readonly vhost: Config["vhosts"][number]; }',
    "class A { constructor(readonly vhost: VhostConfig) {} }",
    "class A { constructor(private vhost: VhostConfig, readonly url: StreamUrl) {} }",
  ];
  const passing = [
    "function f(vhost: VhostConfig): void {}",
    "function f(vhost: VhostConfig, url: StreamUrl): VhostConfig { return vhost; }",
    "function f({ cluster, name }: VhostConfig): OwnerQuery {}",
    "interface A { find(vhost: VhostConfig, key: string): string; }",
    "const of = (vhosts: readonly VhostConfig[]) => vhosts;",
    "class A { readonly vhost: VhostHandle; }",
  ];
  assertEquals(kept.map(count), kept.map(() => 1));
  assertEquals(passing.map(count), passing.map(() => 0));
});

Deno.test("what lives as long as a client keeps its vhost as a VhostHandle, which a reload reaches", () => {
  const files = sourceFiles().filter(({ room }) => rooms.includes(room));
  assertEquals(files.flatMap(vhostFields), []);
});
