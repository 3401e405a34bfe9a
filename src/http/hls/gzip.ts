import type { FieldReader } from "../../base/field_reader.ts";

/** Whether a client takes gzip. Source: RFC 9110 §12.5.3. */
export function acceptsGzip(headers: FieldReader): boolean {
  return (headers.get("accept-encoding") ?? "").split(",").some((item) => {
    const [name = "", ...parameters] = item.split(";").map((part) => part.trim().toLowerCase());
    return (name === "gzip" || name === "x-gzip") && !parameters.some((part) => /^q=0(?:\.0*)?$/.test(part));
  });
}

/** Compresses bytes. */
export async function gzip(bytes: Uint8Array<ArrayBuffer> | Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
