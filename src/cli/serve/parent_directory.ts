/** Makes the directory that a file is to be in. */
export async function makeParentDirectory(path: string): Promise<void> {
  const slash = path.lastIndexOf("/");
  if (slash > 0) await Deno.mkdir(path.slice(0, slash), { recursive: true });
}
