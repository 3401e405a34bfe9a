import type { FieldReader } from "../../base/field_reader.ts";
import type { Files } from "../../base/world.ts";
import { type ByteRange, parseByteRange } from "./byte_range.ts";
import type { Call } from "../call.ts";
import { methodNotAllowed, refusal } from "../envelope.ts";
import { flvBeginning } from "./flv_seek.ts";
import { mimeType } from "./mime.ts";
import { redirect } from "../api/route.ts";
import { isWithin, staticPath } from "./static_path.ts";

const INDEX = "index.html";
const PIECE_BYTES = 64 * 1024;

/** A file that was found, open. */
interface FoundFile {
  readonly path: string;
  readonly file: Deno.FsFile;
  readonly info: Deno.FileInfo;
}

/**
 * Answers with a file of a directory; `index.html` stands for the folder it is in, and no folder is ever listed.
 *
 * Nothing outside of the directory is reached, by whatever path or link. Ranges, `If-Modified-Since` and
 * `If-None-Match` are understood; of players in Flash and their like, `x.flv?start=BYTES` and `x.mp4?bytes=FROM-TO`, as
 * in SRS.
 *
 * @param path What of the request's path is below the directory; begins with a slash.
 */
export async function serveFile(files: Files, dir: string, path: string, call: Call): Promise<Response> {
  const notFound = refusal(404, "no such file");
  if (call.method !== "GET" && call.method !== "HEAD") return methodNotAllowed(["GET"]);
  const relative = staticPath(path);
  if (relative === null) return notFound;
  try {
    const found = await openFile(files, dir, relative);
    if (found === null) return notFound;
    if (found === "folder") return redirect(302, `${call.path}/`, call.search);
    return answerFile(found, call);
  } catch (error) {
    // A name too long, a folder in place of a file, no permission: whatever it is, there is nothing to be had.
    if (error instanceof Deno.errors.NotFound || isSystemError(error)) return notFound;
    throw error;
  }
}

/** Opens what a path means; "folder" for a folder that was asked for without the slash at its end. */
async function openFile(files: Files, dir: string, relative: string): Promise<FoundFile | "folder" | null> {
  const root = await files.realPath(dir);
  // The real path is what is opened: a link is followed once, and judged by where it leads.
  let path = await files.realPath(`${root}/${relative}`);
  if (!isWithin(root, path)) return null;
  const isFolder = (await files.stat(path)).isDirectory;
  if (isFolder && relative !== "" && !relative.endsWith("/")) return "folder";
  if (isFolder !== (relative === "" || relative.endsWith("/"))) return null;
  if (isFolder) path = await files.realPath(`${path}/${INDEX}`);
  // Looked at before it is opened: to open a pipe would wait for somebody who writes.
  if (!isWithin(root, path) || !(await files.stat(path)).isFile) return null;
  const file = await files.open(path);
  return { path, file, info: await file.stat() };
}

async function answerFile({ path, file, info }: FoundFile, call: Call): Promise<Response> {
  const { size, mtime } = info;
  // To the second, as the header says it.
  const modifiedMs = mtime === null ? null : Math.floor(mtime.getTime() / 1000) * 1000;
  const etag = `"${size.toString(16)}-${(mtime?.getTime() ?? 0).toString(16)}"`;
  const headers = new Headers({ "content-type": mimeType(path), "accept-ranges": "bytes", etag });
  if (modifiedMs !== null) headers.set("last-modified", new Date(modifiedMs).toUTCString());
  if (isUnchanged(call.headers, etag, modifiedMs)) {
    file.close();
    return new Response(null, { status: 304, headers });
  }
  const beginning = await seekBeginning(path, file, call);
  if (beginning !== null) return answerRest({ file, size, beginning, headers }, call);
  const isRangeMeant = ["", etag, headers.get("last-modified")].includes(call.headers.get("if-range") ?? "");
  const range = isRangeMeant ? parseByteRange(askedRange(path, call), size) : "all";
  if (range === "outside") return noSuchPart(file, size);
  const part = range === "all" ? { start: 0, end: size } : range;
  headers.set("content-length", String(part.end - part.start));
  if (range !== "all") headers.set("content-range", `bytes ${part.start}-${part.end - 1}/${size}`);
  const status = range === "all" ? 200 : 206;
  if (call.method === "HEAD") {
    file.close();
    return new Response(null, { status, headers });
  }
  await file.seek(part.start, Deno.SeekMode.Start);
  return new Response(readPart(file, part), { status, headers });
}

/** Range that is asked for, by its header or, of an MP4, by the address. Source: SRS 7 `SrsVodStream`. */
function askedRange(path: string, { headers, query }: Call): string | null {
  const asked = /\.mp4$/i.test(path) ? query.get("range") || query.get("bytes") : "";
  return asked === "" ? headers.get("range") : `bytes=${asked.replace(/^bytes=/, "")}`;
}

/** What an FLV begins with that is asked for from some byte on; null where the file is sent as it is. */
async function seekBeginning(path: string, file: Deno.FsFile, { query }: Call): Promise<Seek | null> {
  const start = /\.flv$/i.test(path) ? Number(/^\d{1,15}/.exec(query.raw("start"))?.[0] ?? 0) : 0;
  const bytes = start > 0 ? await flvBeginning(file, start) : null;
  return bytes === null ? null : { start, bytes };
}

interface Seek {
  readonly start: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

interface FileRest {
  readonly file: Deno.FsFile;
  readonly size: number;
  readonly beginning: Seek;
  readonly headers: Headers;
}

async function answerRest({ file, size, beginning: { start, bytes }, headers }: FileRest, call: Call) {
  if (start >= size) return noSuchPart(file, size);
  headers.set("content-length", String(bytes.length + size - start));
  headers.delete("accept-ranges");
  if (call.method === "HEAD") {
    file.close();
    return new Response(null, { headers });
  }
  await file.seek(start, Deno.SeekMode.Start);
  return new Response(readPart(file, { start, end: size }, bytes), { headers });
}

function noSuchPart(file: Deno.FsFile, size: number): Response {
  file.close();
  const answer = refusal(416, "the requested range is outside the file");
  answer.headers.set("content-range", `bytes */${size}`);
  return answer;
}

/** The client has the newest version already. Source: RFC 9110 §13.1. */
function isUnchanged(headers: FieldReader, etag: string, modifiedMs: number | null): boolean {
  const known = headers.get("if-none-match");
  if (known !== null) return known === "*" || known.split(",").some((tag) => tag.trim().replace(/^W\//, "") === etag);
  const sinceMs = Date.parse(headers.get("if-modified-since") ?? "");
  return modifiedMs !== null && modifiedMs <= sinceMs;
}

/** The file from where it stands, in pieces, read when they are asked for; closes it at the end. */
function readPart(
  file: Deno.FsFile,
  { start, end }: ByteRange,
  before: Uint8Array<ArrayBuffer> | null = null,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let left = end - start;
  let first = before;
  return new ReadableStream({
    async pull(controller) {
      if (first !== null) {
        controller.enqueue(first);
        first = null;
        return;
      }
      const piece = new Uint8Array(Math.min(PIECE_BYTES, left));
      const count = left === 0 ? null : await file.read(piece);
      if (count === null) {
        file.close();
        // A file that has become shorter cannot fill the length that was announced.
        if (left > 0) controller.error(new Error("the file shrank while it was being sent"));
        else controller.close();
        return;
      }
      left -= count;
      controller.enqueue(piece.subarray(0, count));
    },
    cancel: () => file.close(),
  }, { highWaterMark: 0 });
}

function isSystemError(error: unknown): boolean {
  return error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotADirectory ||
    error instanceof Deno.errors.IsADirectory || error instanceof Deno.errors.FilesystemLoop ||
    error instanceof Deno.errors.InvalidData || (error instanceof Error && "code" in error);
}
