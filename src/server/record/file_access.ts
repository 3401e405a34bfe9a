/** As `Deno.SeekMode.Start`, which is a constant of the running process. */
const FROM_START = 0;

/** Replaces bytes of a file. */
export async function writeAt(file: Deno.FsFile, at: number, bytes: Uint8Array): Promise<void> {
  await file.seek(at, FROM_START);
  for (let written = 0; written < bytes.length;) written += await file.write(bytes.subarray(written));
}

/** Reads bytes of a file; fewer at its end. */
export async function readAt(file: Deno.FsFile, at: number, count: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(count);
  await file.seek(at, FROM_START);
  let used = 0;
  while (used < count) {
    const read = await file.read(bytes.subarray(used));
    if (read === null) break;
    used += read;
  }
  return bytes.subarray(0, used);
}
