/** One file of the program. */
export interface SourceFile {
  /** Path from the repository's top, such as `src/rtmp/link.ts`. */
  path: string;
  /** Folder below `src`; `main.ts` for that file itself. */
  room: string;
  text: string;
}

/** A file that an import line names. */
export interface Import {
  from: SourceFile;
  /** Path from the repository's top. */
  to: string;
  /** `import type`: gone at run time. */
  typeOnly: boolean;
}

const top = new URL("../../", import.meta.url);

/** Every TypeScript file of `src`, and `main.ts`. */
export function sourceFiles(): SourceFile[] {
  const files = [...walk("src"), "main.ts"].filter((path) => path.endsWith(".ts"));
  return files.map((path) => ({
    path,
    room: path.split("/")[path.startsWith("src/") ? 1 : 0] ?? "",
    text: Deno.readTextFileSync(new URL(path, top)),
  }));
}

/** Paths of all files below a folder of the repository. */
export function walk(folder: string): string[] {
  const paths: string[] = [];
  for (const entry of Deno.readDirSync(new URL(`${folder}/`, top))) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) paths.push(...walk(path));
    else paths.push(path);
  }
  return paths.sort();
}

/** Imports and re-exports of files of this repository. */
export function importsOf(file: SourceFile): Import[] {
  const statements = withoutComments(file.text).matchAll(
    /^\s*(?:import|export)\b(\s+type\b)?[^;"']*?from\s*["'](\.[^"']*)["']|\bimport\(\s*["'](\.[^"']*)["']|^\s*import\s*["'](\.[^"']*)["']/gm,
  );
  return Array.from(statements, ([, type, from, dynamic, bare]) => ({
    from: file,
    to: resolve(file.path, from ?? dynamic ?? bare ?? ""),
    typeOnly: type !== undefined,
  }));
}

/** The text with comments blanked out; line numbers stay. Strings that hold `//` keep what is before it. */
export function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, " "))
    .replace(/(^|[^:"'`\\])\/\/[^\n]*/g, "$1");
}

function resolve(from: string, specifier: string): string {
  return new URL(specifier, `file:///${from}`).pathname.slice(1);
}
