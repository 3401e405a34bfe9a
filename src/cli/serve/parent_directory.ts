import type { Files } from "../../base/world.ts";

/** Makes the directory that a file is to be in. */
export async function makeParentDirectory(files: Pick<Files, "mkdir">, path: string): Promise<void> {
  const slash = path.lastIndexOf("/");
  if (slash > 0) await files.mkdir(path.slice(0, slash), { recursive: true });
}
